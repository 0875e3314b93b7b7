package torture_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/torture"
)

// TestSecondWriter checks that a second process fails at once while another
// writes, naming it, and takes over when that one was killed.
func TestSecondWriter(t *testing.T) {
	dir := t.TempDir()
	r := torture.Run{Plan: torture.Plan{Seed: seed(t), Docs: 6}, Index: filepath.Join(dir, "index"), Log: filepath.Join(dir, "log"), From: 1, To: 100000}
	first, out := start(t, r)
	for log := (torture.Log{}); log.Done == 0; {
		var err error
		if log, err = torture.ReadLog(r.Log); err != nil || first.ProcessState != nil {
			t.Fatalf("%v: %s", err, out)
		}
		time.Sleep(10 * time.Millisecond)
	}
	second := r
	second.Log, second.To = filepath.Join(dir, "second"), 1
	began := time.Now()
	c, says := start(t, second)
	code, err := wait(c, time.Minute)
	host, _ := os.Hostname()
	if want := fmt.Sprintf("process %d on %s", first.Process.Pid, host); err != nil || code != 2 || !strings.Contains(says.String(), want) {
		t.Errorf("the second writer ends after %v with code %d, %v: %s; want %q", time.Since(began), code, err, says, want)
	}
	first.Process.Kill()
	first.Wait()
	step, err := r.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	log, err := torture.ReadLog(r.Log)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Resume(t.Context(), step, log); err != nil {
		t.Error("after the first writer was killed:", err)
	}
}

// TestReaders lets one engine be searched by many goroutines while another
// process adds, removes and embeds anew. Every result must be of one generation:
// all of its passages that have a word, each in the version that it has there.
func TestReaders(t *testing.T) {
	for _, driver := range drivers {
		t.Run(driver.name, func(t *testing.T) {
			dir := t.TempDir()
			r := torture.Run{Plan: torture.Plan{Seed: seed(t), Docs: 10}, Index: filepath.Join(dir, "index"), Docs: filepath.Join(dir, "docs"),
				Log: filepath.Join(dir, "log"), From: 1, To: 10000, Files: driver.files}
			steps := count(t, "TORTURE_STEPS", 25)
			c, out := start(t, r)
			ended := make(chan struct{})
			var code int
			var werr error
			go func() {
				defer close(ended)
				code, werr = wait(c, 5*time.Minute)
			}()
			defer func() {
				c.Process.Kill()
				<-ended
			}()
			e, err := albertsearch.Open(albertsearch.Options{Dir: r.Index, Embedder: torture.Embedder(16)})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			var readers sync.WaitGroup
			var published torture.Published
			var mu sync.Mutex
			searches, seen := 0, make(map[int]bool)
			// Readers go on until the writer has come far enough and they have
			// seen that.
			enough := func(step int) bool {
				mu.Lock()
				defer mu.Unlock()
				searches++
				seen[step] = true
				return step >= steps && len(seen) >= 3
			}
			for range 64 {
				readers.Go(func() {
					for {
						step, err := r.Search(t.Context(), e, &published)
						if err != nil && !errors.Is(err, index.ErrNotFound) {
							t.Error(err)
							return
						}
						if enough(step) {
							return
						}
						select {
						case <-ended:
							t.Error("the writer ended before the readers saw enough of it")
							return
						case <-time.After(20 * time.Millisecond):
						}
					}
				})
			}
			readers.Wait()
			c.Process.Kill()
			<-ended
			if werr != nil || code > 0 {
				t.Errorf("writer: exit code %d, %v: %s", code, werr, out)
			}
			t.Logf("%d searches saw %d generations", searches, len(seen))
		})
	}
}

// TestCancel cancels runs at random moments and checks that nothing is left of
// them: goroutines, open files, mappings.
func TestCancel(t *testing.T) {
	s := seed(t)
	dir := t.TempDir()
	r := torture.Run{Plan: torture.Plan{Seed: s, Docs: 10}, Index: filepath.Join(dir, "index"), Docs: filepath.Join(dir, "docs"),
		Log: filepath.Join(dir, "log"), From: 1, To: 4, Files: true}
	if err := r.Do(t.Context()); err != nil { // what is made once stays
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(s, 5))
	rounds := count(t, "TORTURE_CANCELS", 15)
	before := using(t)
	step, cancelled := 4, 0
	for range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Duration(random.IntN(60))*time.Millisecond, cancel)
		r.From, r.To = step+1, step+100 // more than there is time for
		if err := r.Do(ctx); err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cancelled++
		}
		cancel()
		have, err := r.Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		step = have
	}
	if cancelled == 0 {
		t.Error("no run was cancelled")
	}
	var after usage
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if after = using(t); after.goroutines <= before.goroutines && after.files <= before.files && after.mappings <= before.mappings+mappingsSlack {
			break
		}
	}
	if after.goroutines > before.goroutines || after.files > before.files || after.mappings > before.mappings+mappingsSlack {
		stacks := make([]byte, 1<<20)
		t.Errorf("before %+v, after %d cancelled runs %+v\n%s", before, cancelled, after, stacks[:runtime.Stack(stacks, true)])
	}
	t.Logf("%d of %d runs were cancelled, the index is at step %d; before %+v, after %+v", cancelled, rounds, step, before, after)
}

// mappingsSlack is for what the runtime itself maps, as for a larger heap.
const mappingsSlack = 8

// usage is what a process holds.
type usage struct{ goroutines, files, mappings int }

func using(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	u := usage{goroutines: runtime.NumGoroutine()}
	if runtime.GOOS != "linux" {
		return u
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	u.files, u.mappings = len(files), strings.Count(string(maps), "\n")
	return u
}
