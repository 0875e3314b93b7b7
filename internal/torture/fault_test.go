package torture_test

import (
	"fmt"
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

// fault is a way in which operations fail from the n-th on.
type fault struct {
	name  string
	errno syscall.Errno
	fails func(at int, op faultfs.Op) bool
}

var faults = []fault{
	{"EIO once", syscall.EIO, func(at int, op faultfs.Op) bool { return op.N == at }},
	{"EIO for good", syscall.EIO, func(at int, op faultfs.Op) bool { return op.N >= at }},
	{"ENOSPC once", syscall.ENOSPC, func(at int, op faultfs.Op) bool { return op.N == at && op.Kind.Allocates() }},
	{"ENOSPC for good", syscall.ENOSPC, func(at int, op faultfs.Op) bool { return op.N >= at && op.Kind.Allocates() }},
}

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

// fail runs the steps with a fault at the n-th operation from the beginning, and
// tells whether there were as many. After the fault the index must be as it was
// acknowledged, and the same run must succeed.
func (h history) fail(t *testing.T, f fault, n int) (hit bool, err error) {
	disk := h.disk.Copy()
	root, err := os.MkdirTemp("", "fault")
	if err != nil {
		return false, err
	}
	defer os.Remove(root)
	unmount, err := disk.Mount(root)
	if err != nil {
		return false, err
	}
	defer unmount()
	at := disk.Ops() + n
	var failed atomic.Pointer[faultfs.Op]
	disk.Hook(func(op faultfs.Op) syscall.Errno {
		// The log is on a disk of its own, as it were.
		if op.Name == "log" || !f.fails(at, op) {
			return 0
		}
		failed.CompareAndSwap(nil, &op)
		return f.errno
	})
	r := h.at(root)
	r.Patience = 5 * time.Second
	c, out := start(t, r)
	code, err := wait(c, time.Minute)
	reached := disk.Ops() >= at
	disk.Hook(nil)
	if failed.Load() == nil {
		if err != nil || code != 0 {
			return reached, fmt.Errorf("without a fault: exit code %d, %v: %s", code, err, out)
		}
		return reached, nil
	}
	where := fmt.Sprintf("%s at the %v (%d)", f.name, *failed.Load(), n)
	if err != nil {
		return true, fmt.Errorf("%s: %w: %s", where, err, out)
	}
	text := out.String()
	switch {
	case code == 0: // a fault that does not matter, as where an old file is removed
	case code != 2 || strings.Contains(text, "goroutine "):
		return true, fmt.Errorf("%s: exit code %d: %s", where, code, text)
	case !strings.Contains(text, f.errno.Error()) && !strings.Contains(text, "does not answer"):
		return true, fmt.Errorf("%s: the error does not say so: %s", where, text)
	}
	log, err := readLog(disk)
	if err != nil {
		return true, err
	}
	if code == 0 && log.Done != r.To {
		return true, fmt.Errorf("%s: exit code 0 after step %d of %d", where, log.Done, r.To)
	}
	for _, how := range []faultfs.Crash{faultfs.Kill, faultfs.Strict} {
		if _, err := cut(t, r, disk.At(disk.Events(), how, nil)); err != nil {
			return true, fmt.Errorf("%s, exit code %d, then %v: %w\n%s", where, code, how, err, text)
		}
	}
	return true, nil
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
			var workers []history
			for range 2 {
				workers = append(workers, prepare(t, torture.Plan{Seed: s, Docs: 6}, part.files, part.from, part.to))
			}
			runs, failures := sweep(t, workers, s, sample)
			t.Logf("%d runs, %d failures", runs, failures)
		})
	}
}

// sweep fails some operations of a history in each way, or all.
func sweep(t *testing.T, histories []history, seed uint64, sample int) (runs, failures int64) {
	random := rand.New(rand.NewPCG(seed, 2))
	// A run without a fault says how many there are, more or less: it is not
	// the same number each time.
	clean := fault{"nothing", 0, func(int, faultfs.Op) bool { return false }}
	ops := 100
	for hit := true; hit; ops *= 2 {
		var err error
		if hit, err = histories[0].fail(t, clean, ops); err != nil {
			t.Fatal(err)
		}
	}
	type job struct {
		f fault
		n int
	}
	jobs := make(chan job)
	var ended [4]atomic.Bool
	var workers sync.WaitGroup
	var ran, bad atomic.Int64
	for _, h := range histories {
		workers.Go(func() {
			for j := range jobs {
				hit, err := h.fail(t, j.f, j.n)
				if hit || err != nil {
					results.note(t, seed, j.f.name, 1, failure(err))
				}
				if err != nil {
					t.Error(err)
					bad.Add(1)
				}
				if hit {
					ran.Add(1)
				} else {
					ended[slices.IndexFunc(faults, func(f fault) bool { return f.name == j.f.name })].Store(true)
				}
			}
		})
	}
	for i, f := range faults {
		for n := 1; n < ops && !ended[i].Load() && bad.Load() < 20; n++ {
			if sample == 0 || random.IntN(ops) < 2*sample {
				jobs <- job{f, n}
			}
		}
	}
	close(jobs)
	workers.Wait()
	return ran.Load(), bad.Load()
}
