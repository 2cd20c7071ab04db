// webserve is the testbed's small web server, standard library only.
//
//	/git/...   smart HTTP through "git http-backend" (fetch, and push with -push)
//	/helm/...  a static Helm repository (index.yaml and chart archives)
//	/hook/...  keeps every POST body as a file, so a test can read what was notified
//	/healthz   says that it runs
//
// "webserve podlogs ..." is something else: it writes the pods' logs, see podlogs.go.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "podlogs" {
		podlogs(os.Args[2:])
		return
	}
	addr := flag.String("addr", "127.0.0.1:9480", "listen address")
	gitRoot := flag.String("git", "git", "folder with bare repositories")
	helmRoot := flag.String("helm", "helm", "folder with index.yaml and charts")
	hookRoot := flag.String("hook", "hook", "folder that receives POST bodies")
	push := flag.Bool("push", false, "allow pushes over HTTP")
	flag.Parse()

	root, err := filepath.Abs(*gitRoot)
	if err != nil {
		log.Fatal(err)
	}
	gitBin, err := exec.LookPath("git")
	if err != nil {
		log.Fatal(err)
	}
	backend := &cgi.Handler{
		Path: gitBin,
		Args: []string{"http-backend"},
		Root: "/git",
		Dir:  root,
		Env: []string{
			"GIT_PROJECT_ROOT=" + root,
			"GIT_HTTP_EXPORT_ALL=1",
			// the repositories may belong to another user than the one serving them
			"GIT_CONFIG_COUNT=2",
			"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
			"GIT_CONFIG_KEY_1=http.receivepack", fmt.Sprintf("GIT_CONFIG_VALUE_1=%v", *push),
		},
		InheritEnv: []string{"PATH", "HOME"},
		Stderr:     os.Stderr,
	}

	mux := http.NewServeMux()
	mux.HandleFunc("/git/", func(w http.ResponseWriter, r *http.Request) {
		// CGI has no chunked request bodies: read small ones so that a length is known.
		if r.ContentLength < 0 {
			body, err := io.ReadAll(io.LimitReader(r.Body, 64<<20))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			r.ContentLength = int64(len(body))
			r.TransferEncoding = nil
		}
		backend.ServeHTTP(w, r)
	})
	mux.Handle("/helm/", http.StripPrefix("/helm/", http.FileServer(http.Dir(*helmRoot))))
	var n atomic.Int64
	mux.HandleFunc("POST /hook/", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err == nil {
			name := fmt.Sprintf("%s-%04d.json", time.Now().UTC().Format("150405.000"), n.Add(1))
			err = os.WriteFile(filepath.Join(*hookRoot, name), body, 0o644)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	log.Printf("serving on %s", *addr)
	log.Fatal(http.ListenAndServe(*addr, mux))
}
