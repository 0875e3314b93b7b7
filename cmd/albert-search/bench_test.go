package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
)

// statWalk is a program that only looks at each file below a folder.
func statWalk() {
	err := filepath.WalkDir(os.Args[1], func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			_, err = os.Lstat(path)
		}
		return err
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// BenchmarkUnchanged indexes 10,000 small files in which nothing has changed.
// x-walk is its time over that of statWalk, whole processes both, medians of
// runs that alternate.
func BenchmarkUnchanged(b *testing.B) {
	b.Setenv(ort.PathVariable, orttest.Library(b).Path)
	docs, dir := b.TempDir(), filepath.Join(b.TempDir(), "index")
	for i := range 10_000 {
		path := filepath.Join(docs, fmt.Sprintf("%03d", i/100), fmt.Sprintf("%05d.txt", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("A gear ratio is the number of teeth of the chainring.\n"), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(2100 * time.Millisecond) // until the times of the files can be trusted
	run := func(args ...string) time.Duration {
		b.Helper()
		began := time.Now()
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", args, err, out)
		}
		return time.Since(began)
	}
	index := []string{"albert-search", "index", "--index", dir, "--quiet", docs}
	run(index...)
	run("stat-walk", docs)
	var indexing, walking []time.Duration
	for b.Loop() {
		indexing = append(indexing, run(index...))
		walking = append(walking, run("stat-walk", docs))
	}
	slices.Sort(indexing)
	slices.Sort(walking)
	i, w := indexing[len(indexing)/2], walking[len(walking)/2]
	b.ReportMetric(float64(i)/float64(w), "x-walk")
	b.ReportMetric(float64(i.Microseconds())/1e3, "ms/index")
	b.ReportMetric(float64(w.Microseconds())/1e3, "ms/walk")
	b.ReportMetric(0, "ns/op")
}
