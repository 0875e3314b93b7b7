package torture_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/internal/faultfs"
	"github.com/albert-search/albert-search/internal/torture"
)

// fault is a way in which operations fail: of those that can fail so, the n-th,
// or all from the n-th on.
type fault struct {
	name    string
	errno   syscall.Errno
	can     func(faultfs.Kind) bool
	forGood bool
}

var faults = []fault{
	{"EIO once", syscall.EIO, everyKind, false},
	{"EIO for good", syscall.EIO, everyKind, true},
	{"ENOSPC once", syscall.ENOSPC, faultfs.Kind.Allocates, false},
	{"ENOSPC for good", syscall.ENOSPC, faultfs.Kind.Allocates, true},
}

func everyKind(faultfs.Kind) bool { return true }

// history is a disk on which some steps were carried out without a fault, and
// the steps that come next.
type history struct {
	disk *faultfs.Disk
	run  torture.Run // its folders are those below the root of the disk
	docs string
}

// prepare carries out the steps up to from-1.
func prepare(t *testing.T, plan torture.Plan, files bool, from, to int) history {
	t.Helper()
	h := history{disk: faultfs.New(), run: torture.Run{Plan: plan, From: 1, To: from - 1, Files: files}, docs: filepath.Join(t.TempDir(), "docs")}
	root := mount(t, h.disk)
	if from > 1 {
		c, out := start(t, h.at(root))
		if code, err := wait(c, time.Minute); err != nil || code != 0 {
			t.Fatalf("exit code %d, %v: %s", code, err, out)
		}
	}
	h.run.From, h.run.To = from, to
	return h
}

// at returns the run on the disk that is mounted there.
func (h history) at(root string) torture.Run {
	r := h.run
	r.Index, r.Docs, r.Log = filepath.Join(root, "index"), h.docs, filepath.Join(root, "log")
	return r
}

// fail runs the steps with a fault at the n-th operation that can fail so, and
// returns how many of these there were. After it the index must be as it was
// acknowledged, and the same run must succeed.
func (h history) fail(t *testing.T, f fault, n int) (ops int, err error) {
	disk := h.disk.Copy()
	root, err := os.MkdirTemp("", "fault")
	if err != nil {
		return 0, err
	}
	defer os.Remove(root)
	unmount, err := disk.Mount(root)
	if err != nil {
		return 0, err
	}
	defer unmount()
	var counted atomic.Int64
	var failed atomic.Pointer[faultfs.Op]
	disk.Hook(func(op faultfs.Op) syscall.Errno {
		// The log is on a disk of its own, as it were.
		if op.Name == "log" || !f.can(op.Kind) {
			return 0
		}
		if at := counted.Add(1); at != int64(n) && (at < int64(n) || !f.forGood) {
			return 0
		}
		failed.CompareAndSwap(nil, &op)
		return f.errno
	})
	r := h.at(root)
	r.Patience = 20 * time.Second // a slow machine is not a disk that does not answer
	if f.forGood {
		r.Patience = 5 * time.Second
	}
	c, out := start(t, r)
	code, err := wait(c, time.Minute)
	disk.Hook(nil)
	ops = int(counted.Load())
	if failed.Load() == nil {
		if err != nil || code != 0 {
			return ops, fmt.Errorf("without a fault: exit code %d, %v: %s", code, err, out)
		}
		return ops, nil
	}
	where := fmt.Sprintf("%s at the %v (%d)", f.name, *failed.Load(), n)
	if err != nil {
		return ops, fmt.Errorf("%s: %w: %s", where, err, out)
	}
	text := out.String()
	switch {
	case code == 0: // a fault that does not matter, as where an old file is removed
	case code != 2 || strings.Contains(text, "goroutine "):
		return ops, fmt.Errorf("%s: exit code %d: %s", where, code, text)
	case !strings.Contains(text, f.errno.Error()) && !strings.Contains(text, "does not answer"):
		return ops, fmt.Errorf("%s: the error does not say so: %s", where, text)
	}
	log, err := readLog(disk)
	if err != nil {
		return ops, err
	}
	if code == 0 && log.Done != r.To {
		return ops, fmt.Errorf("%s: exit code 0 after step %d of %d", where, log.Done, r.To)
	}
	for _, how := range []faultfs.Crash{faultfs.Kill, faultfs.Strict} {
		if _, err := cut(t, r, disk.At(disk.Events(), how, nil)); err != nil {
			return ops, fmt.Errorf("%s, exit code %d, then %v: %w\n%s", where, code, how, err, text)
		}
	}
	return ops, nil
}

// TestFailingDisk lets each operation of a run fail, one after the other: some of
// them, or all where TORTURE_SWEEP is 0.
func TestFailingDisk(t *testing.T) {
	s := seed(t)
	sample := count(t, "TORTURE_SWEEP", 4)
	for _, part := range []struct {
		name     string
		files    bool
		from, to int
	}{{"store, new", false, 1, 3}, {"store, re-embedding", false, 6, 8}, {"files, new", true, 1, 2}, {"files, re-embedding", true, 7, 8}} {
		t.Run(part.name, func(t *testing.T) {
			// Documents are known by the path of their file, so that each worker
			// needs a history of its own.
			var workers []worker
			for range 2 {
				workers = append(workers, prepare(t, torture.Plan{Seed: s, Docs: 6}, part.files, part.from, part.to))
			}
			runs, failures := sweep(t, faults, workers, s, sample)
			if runs == 0 {
				t.Error("nothing failed")
			}
			t.Logf("%d runs, %d failures", runs, failures)
		})
	}
}

// worker does what is to withstand a fault, as history does.
type worker interface {
	fail(t *testing.T, f fault, n int) (ops int, err error)
}

// sweep fails about that many operations in each way, at even distances, or all
// where sample is 0.
func sweep(t *testing.T, faults []fault, workers []worker, seed uint64, sample int) (runs, failures int64) {
	random := rand.New(rand.NewPCG(seed, 2))
	distances := make([]int, len(faults))
	for i, f := range faults {
		// A run without a fault says how many operations there are, more or
		// less: it is not the same number each time.
		ops, err := workers[0].fail(t, f, math.MaxInt)
		if err != nil {
			t.Fatal(err)
		}
		distances[i] = 1
		if sample > 0 {
			distances[i] = max(1, ops/sample)
		}
		t.Logf("%s: every %d. of %d operations", f.name, distances[i], ops)
	}
	type job struct {
		f fault
		n int
	}
	jobs := make(chan job)
	ended := make([]atomic.Bool, len(faults))
	var working sync.WaitGroup
	var ran, bad atomic.Int64
	for _, w := range workers {
		working.Go(func() {
			for j := range jobs {
				ops, err := w.fail(t, j.f, j.n)
				if ops >= j.n || err != nil {
					results.note(t, seed, j.f.name, 1, failure(err))
				}
				if err != nil {
					t.Error(err)
					bad.Add(1)
				}
				if ops >= j.n {
					ran.Add(1)
				} else {
					ended[slices.IndexFunc(faults, func(f fault) bool { return f.name == j.f.name })].Store(true)
				}
			}
		})
	}
	for i, f := range faults {
		for n := 1 + random.IntN(distances[i]); !ended[i].Load() && bad.Load() < 20; n += distances[i] {
			jobs <- job{f, n}
		}
	}
	close(jobs)
	working.Wait()
	return ran.Load(), bad.Load()
}
