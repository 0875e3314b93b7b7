package torture_test

import (
	"errors"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/internal/faultfs"
	"github.com/albert-search/albert-search/internal/torture"
)

// TestStuckDisk lets a disk not answer any more, from some operation on. The
// writer must give up within its patience, say why, and lose nothing that was
// acknowledged.
func TestStuckDisk(t *testing.T) {
	s := seed(t)
	for _, driver := range drivers {
		for _, kind := range []faultfs.Kind{faultfs.Write, faultfs.Sync, faultfs.SyncDir, faultfs.Rename, faultfs.Create} {
			t.Run(driver.name+" "+string(kind), func(t *testing.T) {
				t.Parallel()
				disk := faultfs.New()
				root := mount(t, disk)
				var stuck atomic.Bool
				after := 60 + int(s%100)
				disk.Hook(func(op faultfs.Op) syscall.Errno {
					if op.Name != "log" && op.N > after && op.Kind == kind {
						stuck.Store(true)
						<-op.Interrupted
						return syscall.EIO
					}
					return 0
				})
				r := torture.Run{Plan: torture.Plan{Seed: s, Docs: 6}, Index: filepath.Join(root, "index"), Docs: filepath.Join(t.TempDir(), "docs"),
					Log: filepath.Join(root, "log"), From: 1, To: 6, Files: driver.files, Patience: 3 * time.Second}
				began := time.Now()
				c, out := start(t, r)
				code, err := wait(c, time.Minute)
				took := time.Since(began)
				if !stuck.Load() {
					t.Skip("the run has no such operation")
				}
				gaveUp := err == nil && code == 2 && strings.Contains(out.String(), "the disk does not answer")
				if _, err = cut(t, r, disk.At(disk.Events(), faultfs.Strict, nil)); err == nil && !gaveUp {
					err = errors.New("the writer did not give up")
				}
				results.note(t, s, "blocked for ever", 1, failure(err))
				if err != nil {
					t.Fatalf("exit code %d after %v, %v: %s", code, took, err, out)
				}
				t.Logf("after %.1fs: %s", took.Seconds(), strings.TrimSpace(out.String()))
			})
		}
	}
}
