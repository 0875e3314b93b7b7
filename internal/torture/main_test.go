package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/albert-search/albert-search/internal/torture"
)

// The tests of this package run the test binary again as another process, which
// carries out the Run in this variable: processes are what is killed, and what
// has locks and mappings.
const childEnv = "ALBERT_SEARCH_TORTURE_RUN"

func TestMain(m *testing.M) {
	text := os.Getenv(childEnv)
	if text == "" {
		code := m.Run()
		results.print()
		os.Exit(code)
	}
	var r torture.Run
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		err = r.Do(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(2) // as albert-search does
	}
}

// start runs a part of a history in another process.
func start(t *testing.T, r torture.Run) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), childEnv+"="+string(text))
	out := new(bytes.Buffer)
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, out
}

// wait returns the exit code, or an error after the time in which every process
// must have ended; the process then says where it is.
func wait(c *exec.Cmd, limit time.Duration) (code int, err error) {
	killed := time.AfterFunc(limit, func() {
		c.Process.Signal(syscall.SIGQUIT)
		time.AfterFunc(5*time.Second, func() { c.Process.Kill() })
	})
	err = c.Wait()
	if !killed.Stop() {
		return 0, fmt.Errorf("still running after %v", limit)
	}
	if c.ProcessState == nil {
		return 0, err
	}
	return c.ProcessState.ExitCode(), nil
}

// seed is the one in TORTURE_SEED, or a new one.
func seed(t *testing.T) uint64 {
	t.Helper()
	s := uint64(time.Now().UnixNano())
	if text := os.Getenv("TORTURE_SEED"); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal("TORTURE_SEED:", err)
		}
	}
	t.Logf("TORTURE_SEED=%d", s)
	return s
}

// count is how often something is done: n, or the number in a variable.
func count(t *testing.T, variable string, n int) int {
	t.Helper()
	if text := os.Getenv(variable); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", variable, err)
		}
	}
	return n
}

// table is what was done to what, and how often it was not withstood.
type table struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	fault          string
	runs, failures int
	seed           uint64
}

var results table

// note adds runs of one kind to the table.
func (r *table) note(t *testing.T, seed uint64, fault string, runs, failures int) {
	if runs == 0 {
		return
	}
	fault = strings.TrimPrefix(t.Name(), "Test") + ": " + fault
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.rows {
		if r.rows[i].fault == fault {
			r.rows[i].runs += runs
			r.rows[i].failures += failures
			return
		}
	}
	r.rows = append(r.rows, row{fault, runs, failures, seed})
}

// failure counts an error.
func failure(err error) int {
	if err != nil {
		return 1
	}
	return 0
}

// print prints the table for docs/reliability.md.
func (r *table) print() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) == 0 || !testing.Verbose() {
		return
	}
	fmt.Println("| fault | runs | failures | seed |\n|---|---|---|---|")
	for _, w := range r.rows {
		fmt.Printf("| %s | %d | %d | %d |\n", w.fault, w.runs, w.failures, w.seed)
	}
}

// drivers are the two ways of carrying out a history.
var drivers = []struct {
	name  string
	files bool
}{{"store", false}, {"files", true}}
