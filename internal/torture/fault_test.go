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

// ending is how a process ended on a disk with a fault.
type ending struct {
	disk *faultfs.Disk
	run  torture.Run
	// ops is how many operations there were that can fail so, op the first that
	// did; nil if none did.
	ops  int
	op   *faultfs.Op
	code int
	out  string
}

// strike has a process carry out the run that at returns, on a copy of a disk
// with a fault at the n-th operation that can fail so. A fault without an error
// number kills the process. The error is one of the test, or that the process
// does not end.
func (f fault) strike(t *testing.T, disk *faultfs.Disk, n int, at func(root string) torture.Run) (e ending, err error) {
	e.disk = disk.Copy()
	root, err := os.MkdirTemp("", "fault")
	if err != nil {
		return e, err
	}
	defer os.Remove(root)
	unmount, err := e.disk.Mount(root)
	if err != nil {
		return e, err
	}
	defer func() { _ = unmount() }() // what it holds is compared before
	var counted atomic.Int64
	var failed atomic.Pointer[faultfs.Op]
	process := make(chan *os.Process, 1)
	var kill sync.Once
	e.disk.Hook(func(op faultfs.Op) syscall.Errno {
		// The log is on a disk of its own, as it were.
		if op.Name == "log" || !f.can(op.Kind) {
			return 0
		}
		if i := counted.Add(1); i < int64(n) || i > int64(n) && !f.forGood {
			return 0
		}
		failed.CompareAndSwap(nil, &op)
		if f.errno == 0 {
			kill.Do(func() { (<-process).Kill() })
			return syscall.EIO // which nobody hears
		}
		return f.errno
	})
	e.run = at(root)
	c, out := start(t, e.run)
	process <- c.Process
	e.code, err = wait(c, time.Minute)
	e.disk.Hook(nil)
	e.ops, e.op, e.out = int(counted.Load()), failed.Load(), out.String()
	return e, err
}

// fail runs the steps with a fault at the n-th operation that can fail so, and
// returns how many of these there were. After it the index must be as it was
// acknowledged, and the same run must succeed.
func (h history) fail(t *testing.T, f fault, n int) (ops int, err error) {
	e, err := f.strike(t, h.disk, n, func(root string) torture.Run {
		r := h.at(root)
		r.Patience = 20 * time.Second // a slow machine is not a disk that does not answer
		if f.forGood {
			r.Patience = 5 * time.Second
		}
		return r
	})
	if e.op == nil {
		if err != nil {
			return e.ops, fmt.Errorf("without a fault: %w: %s", err, e.out)
		}
		if e.code != 0 {
			return e.ops, fmt.Errorf("without a fault: exit code %d: %s", e.code, e.out)
		}
		return e.ops, nil
	}
	where := fmt.Sprintf("%s at the %v (%d)", f.name, *e.op, n)
	if err != nil {
		return e.ops, fmt.Errorf("%s: %w: %s", where, err, e.out)
	}
	switch {
	case e.code == 0: // a fault that does not matter, as where an old file is removed
	case e.code != 2 || strings.Contains(e.out, "goroutine "):
		return e.ops, fmt.Errorf("%s: exit code %d: %s", where, e.code, e.out)
	case !strings.Contains(e.out, f.errno.Error()) && !strings.Contains(e.out, "does not answer"):
		return e.ops, fmt.Errorf("%s: the error does not say so: %s", where, e.out)
	}
	log, err := readLog(e.disk)
	if err != nil {
		return e.ops, err
	}
	if e.code == 0 && log.Done != e.run.To {
		return e.ops, fmt.Errorf("%s: exit code 0 after step %d of %d", where, log.Done, e.run.To)
	}
	for _, how := range []faultfs.Crash{faultfs.Kill, faultfs.Strict} {
		if _, err := cut(t, e.run, e.disk.At(e.disk.Events(), how, nil)); err != nil {
			return e.ops, fmt.Errorf("%s, exit code %d, then %v: %w\n%s", where, e.code, how, err, e.out)
		}
	}
	return e.ops, nil
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
			processes := 2
			if sample == 0 { // all, and many of these wait for a disk that does not answer
				processes = 12
			}
			// Documents are known by the path of their file, so that each worker
			// needs a history of its own.
			var workers []worker
			for range processes {
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
