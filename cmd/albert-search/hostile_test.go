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
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/heap"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
	"github.com/albert-search/albert-search/ingest/source"
)

// mostTime is for reading one hostile document: the limit, and what it takes to
// end a reader.
const mostTime = 32 * time.Second

// mostMemory is that of the program and its readers while it indexes hostile
// documents: 1 GiB, with more than two readers as much more as each may take.
func mostMemory() int64 {
	return 1<<30 + int64(max(0, readers()-2))*extract.DefaultLimits().Memory
}

// readers is how many documents a sandbox.Extractor parses at once by default.
func readers() int { return min(4, runtime.GOMAXPROCS(0)) }

// indexQuickly is a program that indexes a folder, as index does, but with an
// embedder that costs nothing: documents are read and written, as they are by
// the real one, and not understood. It prints a line a document.
func indexQuickly() {
	if len(os.Args) == 2 && os.Args[1] == options.ReadingCommand {
		sandbox.Main(formats.All())
	}
	log.SetOutput(io.Discard)
	if err := quickly(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(int(cli.Failed))
	}
}

func quickly(index, docs string) error {
	defer heap.Pace()()
	x := &timed{Extractor: options.Extractor(extract.Options{}), care: formats.New(extract.Options{}),
		slots: make(chan struct{}, readers()), took: map[string]time.Duration{}}
	source, err := source.Files([]string{docs}, source.FileOptions{Hidden: true, Extractor: x})
	if err != nil {
		return err
	}
	e, err := albertsearch.Open(albertsearch.Options{Dir: index, Embedder: embedtest.Hash{Dimension: 384}})
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	_, err = e.Index(context.Background(), albertsearch.IndexRequest{Sources: []ingest.Source{source}, Report: func(f albertsearch.FileReport) {
		_ = out.Encode(quickLine{FileReport: f, Took: x.of(f.Path)}) // the lines are counted
	}})
	return errors.Join(err, e.Close(), x.Close(), x.care.Close())
}

type quickLine struct {
	albertsearch.FileReport
	Took time.Duration
}

// timed tells how long the reading of each file took, by the last element of
// its escaped path. That a file waits until another one has been read is no part
// of it: such files wait here.
type timed struct {
	*sandbox.Extractor
	care  *extract.Extractor
	slots chan struct{}
	mu    sync.Mutex
	took  map[string]time.Duration
}

func (x *timed) Extract(ctx context.Context, name string, r io.ReaderAt, size int64) (*extract.Text, error) {
	if x.care.Isolation(ctx, name, r, size) != extract.InProcess {
		x.slots <- struct{}{}
		defer func() { <-x.slots }()
	}
	start := time.Now()
	t, err := x.Extractor.Extract(ctx, name, r, size)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.took[name] = time.Since(start)
	return t, err
}

func (x *timed) of(path string) time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	for name, took := range x.took {
		if id, err := ingest.PathID(name); err == nil && filepath.Base(id) == filepath.Base(path) {
			return took
		}
	}
	return 0
}

// Hostile documents cost themselves only: all others are indexed, each that
// cannot be read is reported with its cause, and neither time nor memory get
// out of hand.
func TestHostileDocuments(t *testing.T) {
	long := os.Getenv("ALBERT_SEARCH_TORTURE") != ""
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "secret")
	if err := os.WriteFile(secretFile, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join(dir, "docs")
	if err := os.Mkdir(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := makeHostile(docs, secretFile, long); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("index-quickly", filepath.Join(dir, "index"), docs)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	peak := int64(0)
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			running = false
		case <-time.After(20 * time.Millisecond):
			peak = max(peak, treeMemory(cmd.Process.Pid))
		}
	}
	t.Logf("indexed in %.1f s, peak memory %d MiB", time.Since(start).Seconds(), peak>>20)
	if runtime.GOOS == "linux" && (peak == 0 || peak > mostMemory()) {
		t.Errorf("peak memory %d MiB, want at most %d MiB", peak>>20, mostMemory()>>20)
	}
	if strings.Contains(stdout.String(), secret) {
		t.Error("the report quotes a file that a document refers to")
	}
	reports := map[string]quickLine{}
	for lines := bufio.NewScanner(&stdout); lines.Scan(); {
		var l quickLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		reports[filepath.Base(l.Path)] = l
	}
	report := func(name string) quickLine {
		id, err := ingest.PathID(filepath.Join(docs, name))
		if err != nil {
			t.Fatal(err)
		}
		return reports[filepath.Base(id)]
	}
	slowest := quickLine{}
	for _, f := range hostileFiles(secretFile) {
		if f.long && !long {
			continue
		}
		got := report(f.name)
		t.Logf("%-32q %-8s %6.2f s  %s", f.name, got.Outcome, got.Took.Seconds(), got.Reason)
		if !slices.Contains(strings.Split(f.outcome, "|"), string(got.Outcome)) {
			t.Errorf("%q: %s, want %s", f.name, got.Outcome, f.outcome)
		}
		if !slices.ContainsFunc(strings.Split(f.reason, "|"), func(r string) bool { return strings.Contains(got.Reason, r) }) {
			t.Errorf("%q: the reason is %q, want %q", f.name, got.Reason, f.reason)
		}
		if got.Outcome == albertsearch.OutcomeFailed && got.Reason == "" {
			t.Errorf("%q failed without a reason", f.name)
		}
		if got.Took > slowest.Took {
			slowest = got
		}
	}
	if slowest.Took > mostTime {
		t.Errorf("%s took %v, want at most %v", slowest.Path, slowest.Took, mostTime)
	}
	for name := range goodFiles() {
		if got := report(name); got.Outcome != albertsearch.OutcomeIndexed || got.Reason != "" {
			t.Errorf("%s: %s %s, want that it is indexed", name, got.Outcome, got.Reason)
		}
	}
}

// treeMemory is what a process and its children hold resident of their own.
func treeMemory(pid int) int64 {
	sum := int64(0)
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	for _, name := range stats {
		line, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
		own := filepath.Base(filepath.Dir(name))
		if own == strconv.Itoa(pid) || len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			sum += residentOf(own)
		}
	}
	return sum
}

// residentOf is the memory that is not that of files.
func residentOf(pid string) int64 {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
