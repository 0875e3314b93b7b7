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
	dir := t.TempDir()
	docs, index := filepath.Join(dir, "docs"), filepath.Join(dir, "index")
	if err := os.Mkdir(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		text := strings.Repeat(fmt.Sprintf("Gear %d turns gear %d. ", i, i+1), 40)
		if err := os.WriteFile(filepath.Join(docs, fmt.Sprintf("%d.txt", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("albert-search", args...)
		cmd.Env = append(os.Environ(), ort.PathVariable+"="+orttest.Library(t).Path, indexVariable+"="+index, "HOME="+dir)
		return cmd
	}

	run := command("index", docs)
	var stderr bytes.Buffer
	run.Stderr = &stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	// The index is made once the models are loaded; embedding all documents
	// takes many times as long as this test waits for it.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(index); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("no index after a minute; standard error: %s", stderr.String())
		}
	}
	if err := run.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := run.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		t.Fatalf("%v, want exit code %d; standard error: %s", err, exitInterrupted, stderr.String())
	}
	if !strings.Contains(stderr.String(), "stays usable") {
		t.Errorf("standard error: %s", stderr.String())
	}

	if out, err := command("index", filepath.Join(docs, "7.txt")).CombinedOutput(); err != nil {
		t.Fatalf("index again: %v: %s", err, out)
	}
	out, err := command("search", "--mode", "keyword", "gear 7").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "7.txt") {
		t.Errorf("search afterwards: %v: %s", err, out)
	}
}
