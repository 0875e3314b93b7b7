// Command scale measures how a local store grows: it fills stores of several
// sizes with passages and vectors that are there already, so that no model is
// needed, and searches them.
//
//	go run ./bench/scale -text passages.txt -vectors vectors.f32 -n 10000,100000,1000000 -out DIR
//
// The text has a passage a line, the vectors are raw little-endian float32, one
// after the other in the order of the lines. Where a file ends before a store
// is full it is read again, perturbed: in the text one word in ten is another
// passage's, to the vectors noise is added. Without files, words are generated
// by Zipf's law and vectors are random.
//
// Each store is filled in a process of its own and searched in another one, so
// that the memory figures, from /proc/self/status, belong to what they stand
// for. A store that is whole already is not made again.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

// config is what the flags say.
type config struct {
	text, vectors, queryVectors string
	dim                         int
	sizes                       string
	out                         string
	plot                        string
	queries                     int
	cpuprofile                  string

	stage string
	n     int
}

func main() {
	var c config
	flag.StringVar(&c.text, "text", "", "passages, one a line (none: generated words)")
	flag.StringVar(&c.vectors, "vectors", "", "their unit vectors, raw float32 (none: random ones)")
	flag.StringVar(&c.queryVectors, "query-vectors", "", "vectors to search with, raw float32 (none: perturbed vectors of passages)")
	flag.IntVar(&c.dim, "dim", 384, "length of a vector")
	flag.StringVar(&c.sizes, "n", "10000,100000", "numbers of passages, separated by commas")
	flag.StringVar(&c.out, "out", "", "folder for the stores and results.jsonl")
	flag.StringVar(&c.plot, "plot", "", "draw the growth into FILE.svg")
	flag.IntVar(&c.queries, "queries", 100, "number of searches of each kind")
	flag.StringVar(&c.cpuprofile, "cpuprofile", "", "write CPU profiles to FILE.STAGE.N")
	flag.StringVar(&c.stage, "stage", "", "internal: what a child does")
	flag.IntVar(&c.n, "passages", 0, "internal: the size that a child works on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c config) error {
	switch c.stage {
	case "index":
		return child(ctx, c, indexStore)
	case "search":
		return child(ctx, c, searchStore)
	}
	if c.out == "" {
		return errors.New("-out says where the stores go; they take about 3 KB a passage")
	}
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(c.out, "results.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	var results []result
	for size := range strings.SplitSeq(c.sizes, ",") {
		if c.n, err = strconv.Atoi(strings.TrimSpace(size)); err != nil || c.n < 1 {
			return fmt.Errorf("-n %s: %q is not a number of passages", c.sizes, size)
		}
		r, err := measure(ctx, c)
		if err != nil {
			return fmt.Errorf("%d passages: %w", c.n, err)
		}
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(log, "%s\n", line); err != nil {
			return err
		}
		results = append(results, r)
	}
	if err := writeTable(os.Stdout, results); err != nil {
		return err
	}
	if c.plot == "" {
		return nil
	}
	var b bytes.Buffer
	plotGrowth(&b, results)
	return os.WriteFile(c.plot, b.Bytes(), 0o644)
}

// result is all that is known of a store of one size.
type result struct {
	Passages int          `json:"passages"`
	Index    indexFigures `json:"index"`
	Search   figures      `json:"search"`
}

// measure fills a store, unless it is there, and searches it.
func measure(ctx context.Context, c config) (result, error) {
	r := result{Passages: c.n}
	done := filepath.Join(c.out, fmt.Sprintf("%d.json", c.n))
	switch b, err := os.ReadFile(done); {
	case err == nil:
		if err := json.Unmarshal(b, &r.Index); err != nil {
			return r, fmt.Errorf("%s: %w", done, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return r, err
	default:
		if err := os.RemoveAll(c.store()); err != nil {
			return r, err
		}
		if err := spawn(ctx, c, "index", &r.Index); err != nil {
			return r, err
		}
		b, err := json.Marshal(r.Index)
		if err != nil {
			return r, err
		}
		if err := os.WriteFile(done, b, 0o644); err != nil {
			return r, err
		}
	}
	return r, spawn(ctx, c, "search", &r.Search)
}

// store is the folder of the store.
func (c config) store() string { return filepath.Join(c.out, fmt.Sprintf("store-%d", c.n)) }

// spawn runs a stage in a process of its own and reads what it has measured.
func spawn(ctx context.Context, c config, stage string, into any) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"-stage", stage, "-passages", strconv.Itoa(c.n), "-text", c.text, "-vectors", c.vectors,
		"-query-vectors", c.queryVectors, "-dim", strconv.Itoa(c.dim), "-out", c.out, "-queries", strconv.Itoa(c.queries),
		"-cpuprofile", c.cpuprofile}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", stage, err)
	}
	return json.Unmarshal(out, into)
}

// child runs a stage and prints what it measures.
func child[T any](ctx context.Context, c config, stage func(context.Context, config) (T, error)) error {
	r, err := stage(ctx, c)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
