package torture_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/internal/faultfs"
	"github.com/albert-search/albert-search/internal/torture"
)

// TestKillAtOperation kills a writer when it asks for the n-th operation of the
// disk, n at random, and lets the next one go on.
func TestKillAtOperation(t *testing.T) {
	s := seed(t)
	kills := count(t, "TORTURE_KILLS", 8)
	for _, driver := range drivers {
		t.Run(driver.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(s, 3))
			disk := faultfs.New()
			root := mount(t, disk)
			r := torture.Run{Plan: torture.Plan{Seed: s, Docs: 12}, Index: filepath.Join(root, "index"), Docs: filepath.Join(t.TempDir(), "docs"),
				Log: filepath.Join(root, "log"), Files: driver.files}
			step := 0
			for kill := range kills {
				at := disk.Ops() + 1 + random.IntN(4000)
				writer := make(chan *os.Process, 1) // which is there when it has been started
				var once sync.Once
				var op atomic.Pointer[faultfs.Op]
				disk.Hook(func(o faultfs.Op) syscall.Errno {
					if o.N < at {
						return 0
					}
					once.Do(func() { // others wait until it is done
						op.Store(&o)
						(<-writer).Kill()
					})
					return syscall.EIO // which nobody hears
				})
				r.From, r.To = step+1, step+40
				c, out := start(t, r)
				writer <- c.Process
				code, err := wait(c, time.Minute)
				disk.Hook(nil)
				if err != nil || code > 0 {
					t.Fatalf("kill %d: exit code %d, %v: %s", kill, code, err, out)
				}
				log, err := readLog(disk)
				if err != nil {
					t.Fatal(err)
				}
				have, err := cut(t, r, disk.At(disk.Events(), faultfs.Kill, nil))
				if err == nil && have < step {
					err = fmt.Errorf("went back from step %d to %d", step, have)
				}
				results.note(t, s, "kill", 1, failure(err))
				if err != nil {
					t.Fatalf("kill %d, at the %v, after step %d: %v", kill, op.Load(), log.Done, err)
				}
				step = have
			}
			if step == 0 {
				t.Error(nothingWritten)
			}
			t.Logf("%d steps survived %d kills", step, kills)
		})
	}
}

// TestKillAtMoment kills writers at random moments, in a folder of the system's.
func TestKillAtMoment(t *testing.T) {
	s := seed(t)
	kills := count(t, "TORTURE_KILLS", 8)
	for _, driver := range drivers {
		t.Run(driver.name, func(t *testing.T) {
			dir := t.TempDir()
			step := killed(t, torture.Run{Plan: torture.Plan{Seed: s, Docs: 12}, Index: filepath.Join(dir, "index"), Docs: filepath.Join(dir, "docs"),
				Log: filepath.Join(dir, "log"), Files: driver.files}, kills, s, torture.Run.Check)
			t.Logf("%d steps survived %d kills", step, kills)
		})
	}
}
