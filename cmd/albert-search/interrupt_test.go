package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
)

// An interrupted index run ends with its own exit code, and the next run goes
// on from what it left.
func TestInterrupt(t *testing.T) {
	u := newUser(t)
	docs := filepath.Join(u.home, "docs")
	if err := os.Mkdir(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	// Embedding them takes many times as long as it takes to interrupt it.
	for i := range 2000 {
		text := strings.Repeat(fmt.Sprintf("Gear %d turns gear %d. ", i, i+1), 40)
		if err := os.WriteFile(filepath.Join(docs, fmt.Sprintf("%d.txt", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	u.interrupt(t, u.command("index", docs))

	if out, err := u.command("index", filepath.Join(docs, "7.txt")).CombinedOutput(); err != nil {
		t.Fatalf("index again: %v: %s", err, out)
	}
	out, err := u.command("search", "--mode", "keyword", "gear 7").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "7.txt") {
		t.Errorf("search afterwards: %v: %s", err, out)
	}
}

// Waiting for standard input can be interrupted, too.
func TestInterruptStandardInput(t *testing.T) {
	for _, args := range [][]string{{"index", "-"}, {"index", "--jsonl", "-"}} {
		u := newUser(t)
		cmd := u.command(args...)
		typing, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		u.interrupt(t, cmd)
		typing.Close() // the process is gone
	}
}

// user is somebody with an empty home folder.
type user struct {
	home, index, library string
}

func newUser(t *testing.T) *user {
	home := t.TempDir()
	return &user{home: home, index: filepath.Join(home, "index"), library: orttest.Library(t).Path}
}

func (u *user) command(args ...string) *exec.Cmd {
	cmd := exec.Command("albert-search", args...)
	cmd.Env = append(os.Environ(), ort.PathVariable+"="+u.library, indexVariable+"="+u.index, "HOME="+u.home)
	return cmd
}

// interrupt runs an index command and interrupts it once it has made the index,
// which it does when the models are loaded.
func (u *user) interrupt(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() // of no effect when it has ended
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(u.index); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no index after a minute; standard error: %s", stderr.String())
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("%v, want exit code %d; standard error: %s", err, exitInterrupted, stderr.String())
	}
	if !strings.Contains(stderr.String(), "stays usable") {
		t.Errorf("standard error: %s", stderr.String())
	}
}
