package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/modelcmd"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
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

// A re-embedding that is interrupted leaves the index as it was, and says how
// far it came; the next one goes on from there.
func TestInterruptReembedding(t *testing.T) {
	u := newUser(t)
	docs := filepath.Join(u.home, "docs")
	if err := os.Mkdir(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 2000 {
		text := strings.Repeat(fmt.Sprintf("Gear %d turns gear %d. ", i, i+1), 40)
		if err := os.WriteFile(filepath.Join(docs, fmt.Sprintf("%d.txt", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := indexHashed(u.index, 16, docs); err != nil {
		t.Fatal(err)
	}
	u.interrupt(t, u.command("index", "--re-embed"))

	out, err := u.command("status").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "embedder   hash-16 (16 dimensions)") {
		t.Errorf("status: %v: %s", err, out)
	}
	if out, err := u.command("search", "--mode", "keyword", "gear 7").CombinedOutput(); err != nil || !strings.Contains(string(out), "7.txt") {
		t.Errorf("search afterwards: %v: %s", err, out)
	}
	if err := indexHashed(u.index, 16, docs); err != nil {
		t.Errorf("indexing with the embedder of before: %v", err)
	}
}

// Waiting for standard input can also be interrupted.
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
	cmd.Env = append(os.Environ(), ort.PathVariable+"="+u.library, options.IndexVariable+"="+u.index, "HOME="+u.home)
	return cmd
}

// start starts an index command and waits until it holds the index.
func (u *user) start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of no effect when it has ended
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		// The lock file says who holds it: see docs/format.md.
		if holder, err := os.ReadFile(filepath.Join(u.index, "LOCK")); err == nil && strings.Contains(string(holder), strconv.Itoa(cmd.Process.Pid)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody holds the index after a minute")
		}
	}
}

// interrupt runs an index command and interrupts it once it has begun.
func (u *user) interrupt(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	u.start(t, cmd)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != int(cli.Interrupted) {
		t.Fatalf("%v, want exit code %d; standard error: %s", err, int(cli.Interrupted), stderr.String())
	}
	if !strings.Contains(stderr.String(), "stays usable") {
		t.Errorf("standard error: %s", stderr.String())
	}
}

// A download that is interrupted leaves no model, and the next one goes on
// where it ended.
func TestInterruptPull(t *testing.T) {
	u := newUser(t)
	hub := &testHub{files: os.DirFS("../../albert/testdata/checkpoints"), cuts: map[string]int{}, stalled: make(chan struct{})}
	server := httptest.NewServer(hub)
	t.Cleanup(server.Close)
	models := filepath.Join(u.home, "models")
	pull := func() *exec.Cmd {
		cmd := u.command("model", "pull", "slow/base")
		cmd.Env = append(cmd.Env, options.ModelsVariable+"="+models, modelcmd.EndpointVariable+"="+server.URL)
		return cmd
	}
	cmd := pull()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of no effect when it has ended
	<-hub.stalled
	// Until something of the weights is in the file.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		parts, err := filepath.Glob(filepath.Join(models, ".downloads", "*", "model.safetensors.part"))
		if err != nil {
			t.Fatal(err)
		}
		if len(parts) == 1 {
			if info, err := os.Stat(parts[0]); err == nil && info.Size() > 0 {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is downloaded after a minute")
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != int(cli.Interrupted) {
		t.Fatalf("%v, want exit code %d", err, int(cli.Interrupted))
	}
	if _, err := os.Stat(filepath.Join(models, "base")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the model is there: %v", err)
	}
	if out, err := pull().CombinedOutput(); err != nil {
		t.Fatalf("pull again: %v: %s", err, out)
	}
	if len(hub.ranges) != 2 || hub.ranges[0] != "" || !strings.HasPrefix(hub.ranges[1], "bytes=") {
		t.Errorf("asked for %q", hub.ranges)
	}
	if out, err := pull().CombinedOutput(); err != nil || !strings.Contains(string(out), "there already") {
		t.Errorf("pull once more: %v: %s", err, out)
	}
}

// A second writer is told so at once; readers are not kept waiting.
func TestSecondWriter(t *testing.T) {
	u := newUser(t)
	file := filepath.Join(u.home, "gears.txt")
	if err := os.WriteFile(file, []byte("The gear has 48 teeth.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := u.command("index", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	first := u.command("index", "-")
	typing, err := first.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	u.start(t, first)

	out, err := u.command("index", "--force", file).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != int(cli.Failed) || !strings.Contains(string(out), fmt.Sprintf("process %d", first.Process.Pid)) {
		t.Errorf("the second writer: %v: %s", err, out)
	}
	if out, err := u.command("search", "--mode", "keyword", "teeth").CombinedOutput(); err != nil {
		t.Errorf("a reader: %v: %s", err, out)
	}

	if _, err := typing.Write([]byte("High water comes twice a day.\n")); err != nil {
		t.Fatal(err)
	}
	if err := typing.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first writer: %v", err)
	}
}
