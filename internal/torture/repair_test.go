package torture_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/faultfs"
	"github.com/albert-search/albert-search/internal/torture"
)

// repairFaults are what repairs have to withstand; the last ends the process.
var repairFaults = []fault{faults[0], faults[3], {"kill", 0, everyKind, true}}

// breaks are ways in which the index in a folder is damaged before it is
// repaired; some lose documents.
var breaks = []struct {
	name  string
	loses bool
	do    func(dir string) error
}{
	{"vectors", false, func(dir string) error { return flip(last(dir, "gen-*", "vec-*"), 0.01) }},
	{"a document", true, func(dir string) error { return flip(last(dir, "gen-*", "seg-*"), 0.5) }},
	{"postings", false, func(dir string) error { return flip(last(dir, "gen-*", "postings", "*.zap"), 0.5) }},
	{"MANIFEST", false, func(dir string) error { return flip(last(dir, "gen-*", "MANIFEST"), 0.5) }},
	{"CURRENT", false, func(dir string) error {
		f, err := os.Open(dir)
		if err != nil {
			return err
		}
		return errors.Join(os.Remove(filepath.Join(dir, "CURRENT")), f.Sync(), f.Close())
	}},
	{"the generation before", false, func(dir string) error {
		all, err := filepath.Glob(filepath.Join(dir, "gen-*", "MANIFEST"))
		if err != nil || len(all) < 2 {
			return fmt.Errorf("there are the generations %q, %v", all, err)
		}
		return flip(all[0], 0.5)
	}},
}

// last is the newest file of a pattern.
func last(elements ...string) string {
	all, err := filepath.Glob(filepath.Join(elements...))
	if err != nil || len(all) == 0 {
		return elements[0]
	}
	return all[len(all)-1]
}

// flip changes a bit of a file, at a part of its length.
func flip(path string, part float64) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Sync(), f.Close()) }() // or a loss of power would repair it
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	at, b := int64(part*float64(fi.Size())), make([]byte, 1)
	if _, err := f.ReadAt(b, at); err != nil {
		return err
	}
	b[0] ^= 1
	_, err = f.WriteAt(b, at)
	return err
}

// repair is a damaged index on a disk, and what is saved of it without a fault.
type repair struct {
	disk   *faultfs.Disk
	run    torture.Run // its folder is that below the root of the disk
	damage *index.CheckReport
	saved  torture.State
}

// TestRepairOnFailingDisk lets operations of a repair fail, or kills it there:
// the index is as damaged as it was, or repaired, and the next repair saves what
// one without a fault does.
func TestRepairOnFailingDisk(t *testing.T) {
	s := seed(t)
	sample := count(t, "TORTURE_SWEEP", 4)
	for _, b := range breaks {
		t.Run(b.name, func(t *testing.T) {
			// Which embeds anew, and so publishes several times.
			h := prepare(t, torture.Plan{Seed: s, Docs: 8}, false, 9, 9)
			r := repair{disk: h.disk.Copy(), run: torture.Run{Plan: h.run.Plan, Repairs: true}}
			root := mount(t, r.disk)
			if err := b.do(filepath.Join(root, "index")); err != nil {
				t.Fatal(err)
			}
			// The index is looked at in a copy: a process that maps files of a
			// file system of its own can wait for itself.
			err := r.left(faultfs.Kill, r.disk, func(left torture.Run) error {
				var err error
				if r.damage, err = left.Examine(t.Context()); err != nil {
					return err
				}
				report, err := left.Repair(t.Context())
				if err != nil {
					return err
				}
				t.Logf("%v; %d documents are saved, lost are %v", r.damage.Problems, report.Documents, report.Lost)
				if !b.loses && len(report.Lost)+len(report.Unnamed) > 0 {
					return fmt.Errorf("lost are %v and %v", report.Lost, report.Unnamed)
				}
				r.saved, err = left.Held(t.Context())
				return err
			})
			if err != nil || len(r.damage.Problems) == 0 || len(r.saved.Docs) == 0 {
				t.Fatalf("without a fault %v is saved of what is damaged by %v, %v", r.saved, r.damage, err)
			}
			processes := 2
			if sample == 0 {
				processes = 6
			}
			runs, failures := sweep(t, repairFaults, slices.Repeat([]worker{r}, processes), s, sample)
			if runs == 0 {
				t.Error("nothing failed")
			}
			t.Logf("%d runs, %d failures", runs, failures)
		})
	}
}

// at returns the run on the disk that is mounted there.
func (r repair) at(root string) torture.Run {
	run := r.run
	run.Index = filepath.Join(root, "index")
	return run
}

// left calls f with what is left of a disk: with a copy.
func (r repair) left(how faultfs.Crash, disk *faultfs.Disk, f func(torture.Run) error) error {
	dir, err := os.MkdirTemp("", "repair")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := disk.At(disk.Events(), how, nil).WriteTo(dir); err != nil {
		return err
	}
	return f(r.at(dir))
}

// fail repairs with a fault at the n-th operation that can fail so.
func (r repair) fail(t *testing.T, f fault, n int) (ops int, err error) {
	e, err := f.strike(t, r.disk, n, r.at)
	if err == nil && e.op == nil && e.code != 0 {
		err = errors.New("it fails without a fault")
	}
	if err == nil && (e.code > 2 || strings.Contains(e.out, "goroutine ")) {
		err = errors.New("it does not end as it should")
	}
	for _, how := range []faultfs.Crash{faultfs.Kill, faultfs.Strict} {
		if err == nil {
			err = r.left(how, e.disk, func(left torture.Run) error { return r.notWorse(t, left) })
		}
	}
	if err != nil {
		return e.ops, fmt.Errorf("%s at the %v (%d): %w; exit code %d: %s", f.name, e.op, n, err, e.code, e.out)
	}
	return e.ops, nil
}

// notWorse checks what a repair has left, and repairs it.
func (r repair) notWorse(t *testing.T, left torture.Run) error {
	damage, err := left.Examine(t.Context())
	if err != nil {
		return fmt.Errorf("checking what is left: %w", err)
	}
	for _, p := range damage.Problems {
		// Of a generation before the newest, damaged, not all may be removed yet.
		generation, _, _ := strings.Cut(p.Path, "/")
		removed := damage.Generation > 0 && generation == fmt.Sprintf("gen-%08d", damage.Generation-1)
		if !removed && !slices.Contains(r.damage.Problems, p) {
			return fmt.Errorf("more is damaged: %v", p)
		}
	}
	report, err := left.Repair(t.Context())
	if err != nil {
		return fmt.Errorf("repairing again: %w", err)
	}
	saved, err := left.Held(t.Context())
	if err != nil {
		return fmt.Errorf("repaired again: %w", err)
	}
	if !reflect.DeepEqual(saved, r.saved) {
		return fmt.Errorf("%v is saved instead of %v; lost are %v and %v", saved, r.saved, report.Lost, report.Unnamed)
	}
	return nil
}
