package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"
)

// tailCRI follows in (which may not be there yet) and appends its lines to out in the CRI format.
func tailCRI(in, out string) {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		log.Print(err)
		return
	}
	w, err := os.OpenFile(out, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		log.Print(err)
		return
	}
	var f *os.File
	var rest []byte
	buf := make([]byte, 64<<10)
	for {
		if f == nil {
			if f, err = os.Open(in); err != nil {
				f = nil
				time.Sleep(500 * time.Millisecond)
				continue
			}
		}
		n, _ := f.Read(buf)
		if n == 0 {
			time.Sleep(250 * time.Millisecond)
			continue
		}
		rest = append(rest, buf[:n]...)
		var b bytes.Buffer
		for {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			line := rest[:i]
			rest = rest[i+1:]
			var j struct {
				TS string `json:"ts"`
			}
			t, stream := time.Now().UTC(), "stderr" // a panic, or another library's line
			if json.Unmarshal(line, &j) == nil && j.TS != "" {
				if own, err := time.Parse(time.RFC3339Nano, j.TS); err == nil {
					t, stream = own.UTC(), "stdout"
				}
			}
			fmt.Fprintf(&b, "%s %s F %s\n", t.Format(criTime), stream, line)
		}
		_, _ = w.Write(b.Bytes())
		rest = append([]byte(nil), rest...)
	}
}
