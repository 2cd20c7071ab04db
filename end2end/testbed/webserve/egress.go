package main

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// forwards leads "pod IP:port" to "127.0.0.1:port". A pod's address is not used again soon.
var forwards sync.Map

// connect answers the API servers' CONNECT requests: loopback is passed on, a pod's port goes where testbed/forward
// says, everything else is refused.
func connect(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil {
		http.Error(w, "CONNECT only", http.StatusMethodNotAllowed)
		return
	}
	target := r.Host
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		t, ok := forwards.Load(r.Host)
		if !ok {
			http.Error(w, "nothing listens at "+r.Host, http.StatusBadGateway)
			return
		}
		target = t.(string)
	}
	to, err := net.DialTimeout("tcp", target, 5*time.Second)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer to.Close()
	from, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer from.Close()
	_, _ = from.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	done := make(chan struct{}, 2)
	pipe := func(dst net.Conn, src io.Reader) {
		_, _ = io.Copy(dst, src)
		if c, ok := dst.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
		}
		done <- struct{}{}
	}
	go pipe(to, rw.Reader)
	go pipe(from, to)
	<-done
	<-done
}
