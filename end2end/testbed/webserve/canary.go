package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// criTime is the form of a line's time in the CRI format.
const criTime = "2006-01-02T15:04:05.000000000Z"

// A file of this size becomes 0.log.1, as a kubelet would do.
const canaryMaxFile = 8 << 20

// canary is the numbered log of one container.
type canary struct {
	id, path string
	rate     float64
	due      float64
	n        int64
	f        *os.File
	size     int64
}

// write appends the next k lines. Every 20th goes to stderr.
func (c *canary) write(k int) {
	if c.f == nil {
		f, err := os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return // the pod's folder is gone
		}
		c.f = f
		if s, err := f.Stat(); err == nil {
			c.size = s.Size()
		}
	}
	var b bytes.Buffer
	for range k {
		c.n++
		t := time.Now().UTC().Format(criTime)
		stream := "stdout"
		if c.n%20 == 0 {
			stream = "stderr"
		}
		fmt.Fprintf(&b, "%s %s F canary %s %d %s\n", t, stream, c.id, c.n, t)
	}
	n, _ := c.f.Write(b.Bytes())
	c.size += int64(n)
	if c.size > canaryMaxFile {
		_ = c.f.Close()
		c.f = nil
		_ = os.Rename(c.path, c.path+".1")
		if f, err := os.OpenFile(c.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err == nil {
			c.f, c.size = f, 0
		}
	}
}

// lastNumber is the N of a file's last line, so that numbers go on after a restart.
func lastNumber(path string) int64 {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	if s, err := f.Stat(); err == nil && s.Size() > 1024 {
		_, _ = f.Seek(-1024, io.SeekEnd)
	}
	b, _ := io.ReadAll(f)
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if w := strings.Fields(lines[len(lines)-1]); len(w) == 7 {
		n, _ := strconv.ParseInt(w[5], 10, 64)
		return n
	}
	return 0
}

func (c *canary) close() {
	if c.f != nil {
		_ = c.f.Close()
	}
}
