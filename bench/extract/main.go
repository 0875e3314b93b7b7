// Command exttool reads files as "albert-search index" does and prints what was
// read, so that the scripts beside it can compare that with reference texts and
// with other programs. It is not part of the product; README.md says how it is
// run.
//
//	exttool read LIST > OUT.jsonl     LIST: a file with one path a line
//	exttool tokens < TEXTS.jsonl      {"text": ...} a line -> {"tokens": [...], "terms": [...]}
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"

	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == readingCommand {
		sandbox.Main(formats.All())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "exttool:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var err error
	switch {
	case len(args) == 2 && args[0] == "read":
		err = readAll(ctx, args[1], enc)
	case len(args) == 1 && args[0] == "tokens":
		err = tokens(os.Stdin, enc)
	default:
		err = errors.New("usage: exttool read LIST | exttool tokens")
	}
	return errors.Join(err, out.Flush())
}

// readAll reads the files of a list, some at once, and writes them in its order.
func readAll(ctx context.Context, list string, enc *json.Encoder) (err error) {
	b, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	r, err := newReader()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	paths := strings.Split(strings.TrimSpace(string(b)), "\n")
	results := make([]chan result, len(paths))
	for i := range results {
		results[i] = make(chan result, 1)
	}
	work := make(chan int)
	var workers sync.WaitGroup
	defer workers.Wait()
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range work {
				results[i] <- r.one(ctx, paths[i])
			}
		})
	}
	go func() {
		defer close(work)
		for i := range paths {
			work <- i
		}
	}()
	for i, c := range results {
		if err := enc.Encode(<-c); err != nil {
			return err
		}
		results[i] = nil // a whole suite does not fit in memory
	}
	return ctx.Err()
}

// tokens answers each text with what the keyword index makes of it.
func tokens(in io.Reader, enc *json.Encoder) error {
	a, err := newAnalyzer()
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	for dec.More() {
		var q struct{ Text string }
		if err := dec.Decode(&q); err != nil {
			return err
		}
		if err := enc.Encode(a.analyze(q.Text)); err != nil {
			return err
		}
	}
	return nil
}
