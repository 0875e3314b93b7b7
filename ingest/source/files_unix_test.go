//go:build unix

package source_test

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
)

func TestSpecialFiles(t *testing.T) {
	dir := tree(t, map[string]string{"a/b": ""})
	must(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666))
	must(t, os.Symlink("..", filepath.Join(dir, "a", "loop")))
	must(t, os.Symlink("b", filepath.Join(dir, "a", "link")))
	must(t, os.Symlink("nowhere", filepath.Join(dir, "broken")))
	t.Chdir(dir) // the name of a socket must be short
	l, err := net.Listen("unix", "socket")
	must(t, err)
	defer l.Close()
	expect(t, listed(t, dir, source.FileOptions{}),
		"a/b", "a/link: symbolic link, not followed", "a/loop: symbolic link, not followed",
		"broken: symbolic link, not followed", "fifo: named pipe", "socket: socket")
	expect(t, listed(t, dir, source.FileOptions{}, filepath.Join(dir, "a/link"), filepath.Join(dir, "fifo")), "a/link", "fifo: named pipe")
}

// A named pipe that takes the place of a file after it was listed must not
// keep the reader waiting for a writer.
func TestPipeInPlaceOfFile(t *testing.T) {
	dir := tree(t, map[string]string{"a": "text"})
	s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	e := entries(t, s)[0]
	must(t, os.Remove(filepath.Join(dir, "a")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "a"), 0o666))
	if _, err := e.Load(t.Context()); err == nil || err.Error() != "named pipe" {
		t.Errorf("%v", err)
	}
}

func TestOddNames(t *testing.T) {
	dir := t.TempDir()
	names := []string{"\x01\n", `a\x01`, "b\xff", "b\xfe", "ü"}
	for _, n := range names {
		must(t, os.WriteFile(filepath.Join(dir, n), []byte(n), 0o666))
	}
	s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	ids := map[string]bool{}
	for _, e := range entries(t, s) {
		doc, err := e.Load(t.Context())
		must(t, err)
		id, err := ingest.PathID(filepath.Join(dir, doc.Body))
		must(t, err)
		if id != e.ID || !utf8.ValidString(e.ID) || ids[e.ID] {
			t.Errorf("%q has the ID %q", doc.Body, e.ID)
		}
		ids[e.ID] = true
	}
	if len(ids) != len(names) {
		t.Errorf("%d of %d files", len(ids), len(names))
	}
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root can read everything")
	}
	dir := tree(t, map[string]string{"a/b": "", "c": "", "d": ""})
	must(t, os.Chmod(filepath.Join(dir, "a"), 0))
	must(t, os.Chmod(filepath.Join(dir, "c"), 0))
	defer os.Chmod(filepath.Join(dir, "a"), 0o700)
	expect(t, listed(t, dir, source.FileOptions{}), "a/: folder cannot be read: permission denied", "c", "d")
	s, err := source.Files([]string{filepath.Join(dir, "c")}, source.FileOptions{Extractor: verbatim{}})
	must(t, err)
	if _, err := entries(t, s)[0].Load(t.Context()); err == nil || err.Error() != "cannot be opened: permission denied" {
		t.Errorf("%v", err)
	}
}
