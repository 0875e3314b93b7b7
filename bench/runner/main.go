// Command ours does units of albert-search's work on request and times them, so
// that the benchmarks in bench/peers can run them in turn with those of other
// programs. It is not part of the product.
//
// It reads requests from standard input, a JSON object a line with the name of
// the operation in "op", and answers each with a line on standard output: a
// JSON object, which has "error" when the operation failed. Times are in
// seconds. What an operation needs is opened by an operation of its own, which
// is not timed unless it says so.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
)

func main() {
	profile := flag.String("cpuprofile", "", "write a CPU profile of all requests to `FILE`")
	flag.Parse()
	if err := run(*profile); err != nil {
		fmt.Fprintln(os.Stderr, "ours:", err)
		os.Exit(2)
	}
}

func run(profile string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := &server{texts: make(map[string][]string), vectors: make(map[string]*matrix)}
	defer func() { err = errors.Join(err, s.close()) }()
	if profile == "" {
		return s.serve(ctx, os.Stdin, os.Stdout)
	}
	return profiled(profile, func() error { return s.serve(ctx, os.Stdin, os.Stdout) })
}

// profiled writes a CPU profile of f to a file.
func profiled(file string, f func() error) (err error) {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// server holds what was opened by earlier requests.
type server struct {
	models   *albertsearch.Engine // has the models, and no index
	embedder embed.Embedder
	engine   *albertsearch.Engine // has an index
	store    *local.Backend
	snapshot index.Snapshot      // of store
	texts    map[string][]string // the lines of files
	vectors  map[string]*matrix
}

// close frees what is open. The engine uses the models' embedder.
func (s *server) close() error {
	var errs []error
	if s.engine != nil {
		errs = append(errs, s.engine.Close())
	}
	errs = append(errs, s.closeStore())
	if s.models != nil {
		errs = append(errs, s.models.Close())
	}
	for _, m := range s.vectors {
		errs = append(errs, m.close())
	}
	return errors.Join(errs...)
}

// serve answers requests until there are no more.
func (s *server) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewReaderSize(in, 1<<20)
	for ctx.Err() == nil {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var request struct {
			Op string `json:"op"`
		}
		var reply any
		if err = json.Unmarshal(line, &request); err == nil {
			reply, err = s.do(ctx, request.Op, line)
		}
		if err != nil {
			reply = map[string]string{"error": err.Error()}
		}
		answer, err := json.Marshal(reply)
		if err != nil {
			return err
		}
		if _, err := out.Write(append(answer, '\n')); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func (s *server) do(ctx context.Context, op string, args []byte) (any, error) {
	switch op {
	case "hello":
		return map[string]any{"go": runtime.Version(), "cores": runtime.GOMAXPROCS(0)}, nil
	case "bandwidth":
		return call(ctx, args, s.bandwidth)
	case "models":
		return call(ctx, args, s.openModels)
	case "export":
		return call(ctx, args, s.export)
	case "embed":
		return call(ctx, args, s.embed)
	case "tokenize":
		return call(ctx, args, s.tokenize)
	case "flat":
		return call(ctx, args, s.flat)
	case "store.build":
		return call(ctx, args, s.buildStore)
	case "store.open":
		return call(ctx, args, s.openStore)
	case "nearest":
		return call(ctx, args, s.nearest)
	case "keyword":
		return call(ctx, args, s.keyword)
	case "index":
		return call(ctx, args, s.index)
	case "walk":
		return call(ctx, args, s.walk)
	case "engine.open":
		return call(ctx, args, s.openEngine)
	case "search":
		return call(ctx, args, s.search)
	case "ask":
		return call(ctx, args, s.ask)
	case "read":
		return call(ctx, args, s.read)
	}
	return nil, fmt.Errorf("there is no operation %q", op)
}

// call reads the arguments of an operation and carries it out.
func call[A, R any](ctx context.Context, args []byte, f func(context.Context, A) (R, error)) (any, error) {
	var a A
	if err := json.Unmarshal(args, &a); err != nil {
		return nil, err
	}
	return f(ctx, a)
}

// lines returns n lines of a text file beginning with the given one, all from
// there on when n is 0. The file is kept in memory.
func (s *server) lines(file string, from, n int) ([]string, error) {
	all, ok := s.texts[file]
	if !ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		s.texts[file] = all
	}
	if n == 0 {
		n = len(all) - from
	}
	if from < 0 || n < 0 || from+n > len(all) {
		return nil, fmt.Errorf("%s has %d lines, not lines %d to %d", file, len(all), from, from+n)
	}
	return all[from : from+n], nil
}
