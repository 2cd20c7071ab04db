package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// podlogs, the command "webserve podlogs", gives every Running pod a log of its own.
//
// It watches the pods of each -cluster and makes, for each that is Running, a kwok Logs object
// (owned by the pod, so it goes with it) that names one file per container:
//
//	DIR/CLUSTER/NAMESPACE/POD/CONTAINER/0.log
//
// Into these it writes canary lines in the CRI format, -rate of them a second:
//
//	TIME stdout F canary CLUSTER/NAMESPACE/POD/CONTAINER N TIME
//
// Annotations on a pod change that:
//
//	testbed/log-rate: "50"       lines a second for this pod (0.2 and 0 are possible)
//	testbed/log-file: FILE       no canaries; the Logs object names this file (under DIR)
//	testbed/forward: "9090=127.0.0.1:26090,8080=..."
//	                             also a kwok PortForward object: container port = address
//
// With -egress SOCKET it is also an HTTP CONNECT proxy for the API servers (an EgressSelectorConfiguration
// names it). Loopback addresses, which are the kwoks, are connected to; a pod's address and port lead to
// where testbed/forward says; everything else is refused, so nothing leaves the machine.
//
// Each -tail IN=OUT follows a file of JSON lines (the log of a Flux controller) and writes it
// anew in the CRI format, with the time of each line's own "ts".
func podlogs(args []string) {
	fl := flag.NewFlagSet("podlogs", flag.ExitOnError)
	var clusters, tails repeated
	fl.Var(&clusters, "cluster", "NAME=https://HOST:PORT (may be given again)")
	fl.Var(&tails, "tail", "IN=OUT (may be given again)")
	dir := fl.String("dir", "podlogs", "folder for the files")
	rate := fl.Float64("rate", 1, "canary lines a second for each container")
	most := fl.Int("max", 1000, "pods of a cluster that get files of their own")
	ca := fl.String("ca", "", "certificate authority")
	cert := fl.String("cert", "", "client certificate")
	egress := fl.String("egress", "", "socket of the CONNECT proxy")
	key := fl.String("key", "", "client key")
	_ = fl.Parse(args)

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	pem, err := os.ReadFile(*ca)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
		ForceAttemptHTTP2: true,
	}}
	var all []*podlogger
	for _, c := range clusters {
		name, server, ok := strings.Cut(c, "=")
		if !ok {
			log.Fatalf("-cluster %s: want NAME=URL", c)
		}
		p := &podlogger{
			name: name, server: server, dir: *dir, rate: *rate, most: *most, client: client,
			pods: map[string][]*canary{},
		}
		all = append(all, p)
		go p.follow()
	}
	if *egress != "" {
		_ = os.Remove(*egress)
		l, err := net.Listen("unix", *egress)
		if err != nil {
			log.Fatal(err)
		}
		go func() { log.Fatal(http.Serve(l, http.HandlerFunc(connect))) }()
	}
	for _, t := range tails {
		in, out, ok := strings.Cut(t, "=")
		if !ok {
			log.Fatalf("-tail %s: want IN=OUT", t)
		}
		go tailCRI(in, out)
	}
	// One clock for all files. It ticks as often as the fastest log needs, at most 20 times a second.
	last := time.Now()
	for {
		fastest := 0.0
		now := time.Now()
		for _, p := range all {
			fastest = math.Max(fastest, p.tick(now.Sub(last).Seconds()))
		}
		last = now
		pause := time.Second
		if fastest > 1 {
			pause = time.Duration(float64(time.Second) / math.Min(fastest, 20))
		}
		time.Sleep(pause)
	}
}

type repeated []string

func (r *repeated) String() string     { return strings.Join(*r, " ") }
func (r *repeated) Set(s string) error { *r = append(*r, s); return nil }
