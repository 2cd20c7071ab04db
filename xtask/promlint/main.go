// Promlint checks a scrape in the Prometheus text format, or in OpenMetrics with -openmetrics, by the parsers of
// Prometheus itself and, for the text format, by the rules of promtool.
//
//	promlint [-openmetrics] FILE
//
// One line a problem; exit code 1 if there is one.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

func main() {
	openMetrics := flag.Bool("openmetrics", false, "the file is OpenMetrics")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "one file, please")
		os.Exit(2)
	}
	scrape, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	problems, series := parse(scrape, *openMetrics)
	if !*openMetrics {
		problems = append(problems, lint(scrape)...)
	}
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if len(problems) > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d series\n", series)
}

// What a server would make of it: every line is read, no series stands there twice, families stand together.
func parse(scrape []byte, openMetrics bool) (problems []string, count int) {
	contentType := "text/plain; version=0.0.4"
	if openMetrics {
		contentType = "application/openmetrics-text; version=1.0.0"
	}
	parser, err := textparse.New(scrape, contentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		return []string{err.Error()}, 0
	}
	seen := map[string]bool{}
	typed := map[string]bool{}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return append(problems, err.Error()), count
		}
		switch entry {
		case textparse.EntrySeries:
			var series labels.Labels
			parser.Labels(&series)
			text := series.String()
			if seen[text] {
				problems = append(problems, "twice: "+text)
			}
			seen[text] = true
			count++
		case textparse.EntryType:
			name, _ := parser.Type()
			if typed[string(name)] {
				problems = append(problems, "the family is in two parts: "+string(name))
			}
			typed[string(name)] = true
		}
	}
	if count == 0 {
		problems = append(problems, "there is no series")
	}
	return problems, count
}

// How promtool finds the names.
func lint(scrape []byte) (problems []string) {
	found, err := promlint.New(bytes.NewReader(scrape)).Lint()
	if err != nil {
		return []string{err.Error()}
	}
	for _, problem := range found {
		problems = append(problems, problem.Metric+": "+problem.Text)
	}
	return problems
}
