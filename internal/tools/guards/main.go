// Command guards counts what guards the program: tests, fuzz targets and their
// seeds, packages run under the race detector, faults of the torture, guarded
// ratios. It fails when one of them guards nothing, or when there are fewer than
// least.json has.
//
//	go run ./internal/tools/guards              what can be read from the sources
//	go run ./internal/tools/guards -log FILE    and from the output of go test -v ./...
//	go run ./internal/tools/guards -log FILE -record
//
// The last writes the counts into least.json: for when something was removed, or
// added, on purpose.
//
// A pattern that matches nothing is no error to the Go command. So the commands of
// the Makefile and of the documents are compared with the tests that there are: each
// alternative of -run, -skip, -bench and -fuzz must match one, and each package
// pattern a package with tests.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

const leastPath = "internal/tools/guards/least.json"

// count is a row of the table: how many there are of something.
type count struct {
	name   string
	n      int
	varies bool // from run to run, somewhat
}

func main() {
	log := flag.String("log", "", "output of go test -v of all packages")
	record := flag.Bool("record", false, "write the counts into "+leastPath)
	flag.Parse()
	if err := run(os.Stdout, *log, *record); err != nil {
		fmt.Fprintln(os.Stderr, "guards:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, log string, record bool) error {
	t, err := readTree()
	if err != nil {
		return err
	}
	counts, err := t.counts()
	if err != nil {
		return err
	}
	wrong := t.checkCommands()
	if log != "" {
		text, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		ran, skips, problems := readLog(string(text), t)
		if skips > 0 {
			fmt.Fprintf(w, "%d tests were skipped: this machine lacks what they need\n", skips)
		}
		counts = append(counts, ran...)
		wrong = append(wrong, problems...)
	}
	least := map[string]int{}
	text, err := os.ReadFile(leastPath)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(text, &least); err != nil {
			return fmt.Errorf("%s: %w", leastPath, err)
		}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "guard\tcount\tat least")
	for _, c := range counts {
		known, ok := least[c.name]
		at := "-"
		if ok {
			at = fmt.Sprint(known)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\n", c.name, c.n, at)
		switch {
		case c.n == 0:
			wrong = append(wrong, fmt.Sprintf("%s: there are none", c.name))
		case c.n < known && !record:
			wrong = append(wrong, fmt.Sprintf("%s: %d, and there were %d; if that is meant, run this with -record", c.name, c.n, known))
		}
		least[c.name] = c.n
		if c.varies {
			least[c.name] = c.n * 3 / 4
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return errors.New("\n" + strings.Join(wrong, "\n"))
	}
	if !record {
		return nil
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "\t")
	if err := e.Encode(least); err != nil {
		return err
	}
	return os.WriteFile(leastPath, out.Bytes(), 0o644)
}
