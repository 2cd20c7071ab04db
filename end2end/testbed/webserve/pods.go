package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// podlogger keeps the logs of one cluster's Running pods.
type podlogger struct {
	name, server, dir string
	rate              float64
	most              int
	client            *http.Client

	mu   sync.Mutex
	pods map[string][]*canary // by uid; nil canaries for a pod with log-file
}

type pod struct {
	Metadata struct {
		Name, Namespace, UID, ResourceVersion string
		Annotations                           map[string]string
	}
	Spec   struct{ Containers []struct{ Name string } }
	Status struct{ Phase, PodIP string }
}

// tick writes the lines that are due and returns the greatest rate.
func (p *podlogger) tick(seconds float64) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	fastest := 0.0
	for _, cs := range p.pods {
		for _, c := range cs {
			fastest = math.Max(fastest, c.rate)
			c.due += c.rate * math.Min(seconds, 5)
			k := int(c.due)
			if k > 0 {
				c.due -= float64(k)
				c.write(k)
			}
		}
	}
	return fastest
}

// follow lists and watches the Running pods, for ever.
func (p *podlogger) follow() {
	for {
		if err := p.once(); err != nil && !errors.Is(err, io.EOF) {
			log.Printf("cluster %s: %v", p.name, err)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// once lists the Running pods and watches them until the watch ends.
func (p *podlogger) once() error {
	const running = "/api/v1/pods?fieldSelector=status.phase%3DRunning"
	var list struct {
		Metadata struct{ ResourceVersion string }
		Items    []pod
	}
	if err := p.call("GET", running, nil, &list); err != nil {
		return err
	}
	here := map[string]bool{}
	for _, o := range list.Items {
		here[o.Metadata.UID] = true
		if err := p.add(o); err != nil {
			return err
		}
	}
	p.mu.Lock()
	var gone []string
	for uid := range p.pods {
		if !here[uid] {
			gone = append(gone, uid)
		}
	}
	p.mu.Unlock()
	for _, uid := range gone {
		p.remove(uid, false)
	}
	watch := p.server + running + "&watch=true&allowWatchBookmarks=true&timeoutSeconds=600&resourceVersion="
	req, err := http.NewRequestWithContext(context.Background(), "GET", watch+list.Metadata.ResourceVersion, nil)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("watch: %s", resp.Status)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(resp.Body, 64<<10))
	for {
		var ev struct {
			Type   string
			Object json.RawMessage
		}
		if err := dec.Decode(&ev); err != nil {
			return err
		}
		var o pod
		switch ev.Type {
		case "ADDED":
			if err := json.Unmarshal(ev.Object, &o); err == nil {
				if err := p.add(o); err != nil {
					return err // the next list has the pod again
				}
			}
		case "DELETED": // gone, or no longer Running
			if err := json.Unmarshal(ev.Object, &o); err == nil {
				p.remove(o.Metadata.UID, o.Status.Phase == "Succeeded" || o.Status.Phase == "Failed")
			}
		case "ERROR":
			return fmt.Errorf("watch: %s", ev.Object)
		}
	}
}

// add opens the files of a pod and makes the kwok objects that name them.
func (p *podlogger) add(o pod) error {
	m := o.Metadata
	p.mu.Lock()
	_, known := p.pods[m.UID]
	full := len(p.pods) >= p.most
	p.mu.Unlock()
	if known {
		return nil
	}
	file := m.Annotations["testbed/log-file"]
	if full && file == "" {
		return nil
	}
	type entry struct {
		Containers   []string `json:"containers,omitempty"`
		LogsFile     string   `json:"logsFile"`
		PreviousFile string   `json:"previousLogsFile,omitempty"`
		Follow       bool     `json:"follow"`
	}
	var logs []entry
	var cs []*canary
	if file != "" {
		logs = []entry{{LogsFile: file, Follow: true}}
	} else {
		rate := p.rate
		if r, err := strconv.ParseFloat(m.Annotations["testbed/log-rate"], 64); err == nil {
			rate = r
		}
		for _, c := range o.Spec.Containers {
			path := filepath.Join(p.dir, p.name, m.Namespace, m.Name, c.Name, "0.log")
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			id := strings.Join([]string{p.name, m.Namespace, m.Name, c.Name}, "/")
			k := &canary{id: id, path: path, rate: rate, n: lastNumber(path)}
			k.write(1) // the file is there before the object that names it
			cs = append(cs, k)
			logs = append(logs, entry{Containers: []string{c.Name}, LogsFile: path, PreviousFile: path + ".1", Follow: true})
		}
	}
	if err := p.make(o, "Logs", "logs", map[string]any{"logs": logs}); err != nil {
		for _, c := range cs {
			c.close()
		}
		return err
	}
	if fw := m.Annotations["testbed/forward"]; fw != "" {
		if err := p.forward(o, fw); err != nil {
			return err
		}
	}
	p.mu.Lock()
	p.pods[m.UID] = cs
	p.mu.Unlock()
	return nil
}

// forward leads the pod's ports to the addresses in its annotation, for the CONNECT proxy and for port-forwards.
func (p *podlogger) forward(o pod, annotation string) error {
	var fs []any
	for one := range strings.SplitSeq(annotation, ",") {
		port, target, _ := strings.Cut(one, "=")
		host, toPort, err := net.SplitHostPort(target)
		from, fromErr := strconv.Atoi(port)
		to, toErr := strconv.Atoi(toPort)
		if err := errors.Join(err, fromErr, toErr); err != nil {
			log.Printf("%s/%s: testbed/forward: %q: %v", o.Metadata.Namespace, o.Metadata.Name, one, err)
			continue
		}
		forwards.Store(net.JoinHostPort(o.Status.PodIP, port), target)
		fs = append(fs, map[string]any{"ports": []int{from}, "target": map[string]any{"address": host, "port": to}})
	}
	return p.make(o, "PortForward", "portforwards", map[string]any{"forwards": fs})
}

// make creates a kwok object for the pod; one that is there already is left alone.
func (p *podlogger) make(o pod, kind, plural string, spec any) error {
	m := o.Metadata
	path := "/apis/kwok.x-k8s.io/v1alpha1/namespaces/" + m.Namespace + "/" + plural + "?fieldManager=testbed-podlogs"
	err := p.call("POST", path, map[string]any{
		"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": kind,
		"metadata": map[string]any{"name": m.Name, "namespace": m.Namespace, "ownerReferences": []any{map[string]any{
			"apiVersion": "v1", "kind": "Pod", "name": m.Name, "uid": m.UID}}},
		"spec": spec,
	}, nil)
	// 409: there already; 404, 403: the namespace is gone or going
	var status statusError
	if errors.As(err, &status) && (status.code == 409 || status.code == 404 || status.code == 403) {
		return nil
	}
	return err
}

// statusError is an answer of the API server that is no success.
type statusError struct {
	code int
	text string
}

func (e statusError) Error() string { return e.text }

// remove forgets a pod and removes its files, or keeps them where the pod has only ended.
func (p *podlogger) remove(uid string, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cs, known := p.pods[uid]
	if !known {
		return
	}
	delete(p.pods, uid)
	for _, c := range cs {
		c.close()
	}
	if len(cs) > 0 && !keep {
		_ = os.RemoveAll(filepath.Dir(filepath.Dir(cs[0].path)))
	}
}

// call asks the API server; in and out are JSON, either may be nil.
func (p *podlogger) call(method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, p.server+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return statusError{resp.StatusCode, fmt.Sprintf("%s %s: %s %s", method, path, resp.Status, b)}
	}
	if out != nil {
		return json.NewDecoder(resp.Body).Decode(out)
	}
	return nil
}
