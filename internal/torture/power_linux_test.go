package torture_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/internal/torture"
)

// killed kills writers at random moments, checks after each, and returns the
// step that the last one came to. Where none came to publish anything, as on a
// slow machine, it goes on with later moments.
func killed(t *testing.T, r torture.Run, kills int, seed uint64, check func(torture.Run, context.Context) (int, error)) (step int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 4))
	for kill := 0; kill < kills || step == 0 && kill < 10*kills; kill++ {
		r.From, r.To = step+1, step+400
		c, out := start(t, r)
		latest := 700 * time.Millisecond * time.Duration(1+kill/kills)
		time.AfterFunc(time.Duration(random.Int64N(int64(latest))), func() { c.Process.Kill() })
		if code, err := wait(c, time.Minute); err != nil || code > 0 {
			t.Fatalf("kill %d: exit code %d, %v: %s", kill, code, err, out)
		}
		have, err := check(r, t.Context())
		results.note(t, seed, "kill", 1, failure(err))
		if err != nil {
			t.Fatalf("kill %d after step %d: %v", kill, step, err)
		}
		step = have
	}
	if step == 0 {
		t.Error(nothingWritten)
	}
	return step
}

const nothingWritten = "no writer came to publish anything before it was killed"

// run runs a command of the system.
func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return errors.New(name + ": " + err.Error() + ": " + strings.TrimSpace(string(out)))
	}
	return nil
}

// TestPowerCutExt4 kills writers on an ext4 file system that by itself would
// write what is not synced only after a thousand seconds, and copies the device
// as it is then: that is what a loss of power leaves. The copy is mounted, which
// replays the journal, and checked.
func TestPowerCutExt4(t *testing.T) {
	s := seed(t)
	cuts := count(t, "TORTURE_EXT4", 2)
	for _, driver := range drivers {
		t.Run(driver.name, func(t *testing.T) {
			dir := t.TempDir()
			image, disk := filepath.Join(dir, "image"), filepath.Join(dir, "disk")
			if err := os.Mkdir(disk, 0o700); err != nil {
				t.Fatal(err)
			}
			err := os.WriteFile(image, nil, 0o600)
			if err == nil {
				err = os.Truncate(image, 96<<20)
			}
			if err == nil {
				err = run("mkfs.ext4", "-q", "-F", image)
			}
			if err == nil {
				err = run("mount", "-o", "loop,commit=1000,nodiscard", image, disk)
			}
			if err != nil {
				t.Skipf("skipped: no ext4 file system can be made and mounted here: %v", err)
			}
			t.Cleanup(func() {
				if err := run("umount", disk); err != nil {
					t.Error(err)
				}
			})
			r := torture.Run{Plan: torture.Plan{Seed: s, Docs: 12}, Index: filepath.Join(disk, "deep", "index"), Docs: filepath.Join(dir, "docs"),
				Log: filepath.Join(dir, "log"), Files: driver.files}
			check := func(r torture.Run, ctx context.Context) (step int, err error) {
				if _, err := r.Check(ctx); err != nil { // without a loss of power
					return 0, err
				}
				copied, err := os.CreateTemp(dir, "copy")
				if err != nil {
					return 0, err
				}
				defer os.Remove(copied.Name())
				from, err := os.Open(image)
				if err != nil {
					return 0, err
				}
				_, err = io.Copy(copied, from)
				if err := errors.Join(err, from.Close(), copied.Close()); err != nil {
					return 0, err
				}
				after := filepath.Join(dir, "after")
				if err := os.MkdirAll(after, 0o700); err != nil {
					return 0, err
				}
				if err := run("mount", "-o", "loop", copied.Name(), after); err != nil {
					return 0, err
				}
				defer func() { err = errors.Join(err, run("umount", after)) }()
				log, err := torture.ReadLog(r.Log)
				if err != nil {
					return 0, err
				}
				here := r.Index
				r.Index = filepath.Join(after, "deep", "index")
				left, err := r.CheckLog(ctx, log)
				if err != nil {
					return 0, err
				}
				if err := r.Resume(ctx, left, log); err != nil {
					return 0, err
				}
				// The writers go on where they were.
				r.Index = here
				return r.Check(ctx)
			}
			step := killed(t, r, cuts, s, check)
			t.Logf("%d steps survived %d losses of power", step, cuts)
		})
	}
}
