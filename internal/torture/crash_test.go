package torture_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/albert-search/albert-search/internal/faultfs"
	"github.com/albert-search/albert-search/internal/torture"
)

// mount shows a disk in a folder, or skips the test where that is not permitted.
func mount(t *testing.T, d *faultfs.Disk) string {
	t.Helper()
	dir := t.TempDir()
	unmount, err := d.Mount(dir)
	if err != nil {
		t.Skipf("skipped: no file system of our own can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		d.Hook(nil)
		if err := unmount(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestPowerCut records what a writer does to the disk and makes the state that a
// loss of power would have left, at many moments and in each way of losing
// power. What was acknowledged before that moment must be there.
func TestPowerCut(t *testing.T) {
	s := seed(t)
	cuts := count(t, "TORTURE_CUTS", 25)
	for _, driver := range drivers {
		t.Run(driver.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(s, 1))
			disk := faultfs.New()
			root := mount(t, disk)
			r := torture.Run{Plan: torture.Plan{Seed: s, Docs: 12}, Index: filepath.Join(root, "index"), Docs: filepath.Join(t.TempDir(), "docs"),
				Log: filepath.Join(root, "log"), From: 1, To: count(t, "TORTURE_STEPS", 16), Files: driver.files}
			c, out := start(t, r)
			if code, err := wait(c, 2*time.Minute); err != nil || code != 0 {
				t.Fatalf("exit code %d, %v: %s", code, err, out)
			}
			events := disk.Events()
			failed := 0
			for i := range cuts {
				n := random.IntN(events + 1)
				how := faultfs.Crash(random.IntN(4))
				if i == 0 {
					n, how = events, faultfs.Strict
				}
				_, err := cut(t, r, disk.At(n, how, random))
				results.note(t, s, how.String(), 1, failure(err))
				if err != nil {
					t.Errorf("power cut at change %d of %d, %v: %v", n, events, how, err)
					if failed++; failed > 5 {
						t.FailNow()
					}
				}
			}
			t.Logf("%d power cuts in a run of %d operations, %d of them changes: %d failures", cuts, disk.Ops(), events, failed)
		})
	}
}

// readLog reads the log on a disk as it is.
func readLog(d *faultfs.Disk) (torture.Log, error) {
	return torture.ParseLog(bytes.NewReader(d.At(d.Events(), faultfs.Kill, nil).ReadFile("log")))
}

// cut checks what is left of a disk, and goes on with it: with a copy.
func cut(t *testing.T, r torture.Run, left *faultfs.Image) (step int, err error) {
	dir, err := os.MkdirTemp("", "cut")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := left.WriteTo(dir); err != nil {
		return 0, err
	}
	log, err := torture.ParseLog(bytes.NewReader(left.ReadFile("log")))
	if err != nil {
		return 0, err
	}
	r.Index, r.Log = filepath.Join(dir, "index"), filepath.Join(dir, "log")
	if step, err = r.CheckLog(t.Context(), log); err != nil {
		return 0, err
	}
	return step, r.Resume(t.Context(), step, log)
}
