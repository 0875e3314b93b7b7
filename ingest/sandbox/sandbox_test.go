package sandbox

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/internal/placecode"
)

// The test program is its own reader: roleVariable says of which kind.
const roleVariable = "CONFINE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "reader":
		Main(formats.All())
	case "parent":
		beParent()
	default:
		beBad(role)
	}
}

// beBad is a reader that serves well, but for files whose names say otherwise.
func beBad(string) {
	in, out := io.Pipe()
	go func() {
		for bad := false; ; {
			kind, payload, err := readFrame(untilEnd{os.Stdin}, maxMessage)
			if err != nil {
				os.Exit(2)
			}
			bad = bad || kind == frameRequest && misbehaves(string(payload))
			if bad {
				continue // listening, and no more than that
			}
			if err := writeFrame(out, kind, payload); err != nil {
				os.Exit(2)
			}
		}
	}()
	if err := Serve(formats.All(), in, os.Stdout); err != nil {
		os.Exit(2)
	}
}

var (
	hoard   [][]byte
	hoarded atomic.Int64
)

// misbehaves begins to do what the name of the file says, if it says something.
func misbehaves(request string) bool {
	for name, do := range map[string]func(){
		"spin.html": func() {
			for n := 0; ; n++ {
				hoarded.Store(int64(n))
			}
		},
		"eat.html": func() {
			for {
				hoard = append(hoard, bytes.Repeat([]byte("x"), 1<<20))
			}
		},
		"recurse.html": func() { hoarded.Store(int64(recurse(0))) },
		"exit.html":    func() { os.Exit(3) },
		"kill.html": func() {
			if p, err := os.FindProcess(os.Getpid()); err == nil {
				_ = p.Kill()
			}
		},
		"lie.html": func() { _ = writeFrame(os.Stdout, 'Z', nil) },
	} {
		if strings.Contains(request, name) {
			_ = writeFrame(os.Stdout, frameRead, make([]byte, 12)) // it has begun
			go do()
			return true
		}
	}
	return false
}

// recurse goes deeper than any stack.
func recurse(n int) int {
	if n == 1<<40 {
		return n
	}
	return recurse(n+1) + n
}

// as returns a command that runs the test program in a role.
func as(role string) func() *exec.Cmd {
	return func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVariable+"="+role)
		return cmd
	}
}

func newTest(t testing.TB, role string, lim extract.Limits) *Extractor {
	t.Helper()
	x := New(formats.All(), Options{Extract: extract.Options{Limits: lim}, Command: as(role)})
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func extractString(x interface {
	Extract(context.Context, string, io.ReaderAt, int64) (*extract.Text, error)
}, name, content string) (*extract.Text, error) {
	return x.Extract(context.Background(), name, strings.NewReader(content), int64(len(content)))
}

func docx(t testing.TB, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range map[string]string{
		"[Content_Types].xml": "<Types/>",
		"word/document.xml":   `<w:document xmlns:w="w"><w:body>` + body + `</w:body></w:document>`,
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is read in another process is what is read in this one: the text, and
// the errors with their causes.
func TestSameAsInProcess(t *testing.T) {
	files := map[string]string{
		"a.txt": "hello", "b.md": "---\ntitle: t\n---\n# hello\n\nthere\n", "c.html": "<html lang=en><title>x</title><h1>hello</h1><p>there",
		"d.docx": docx(t, `<w:p><w:r><w:t>hello</w:t></w:r></w:p>`), "e.docx": docx(t, `<w:p><w:r>`), "f.docx": docx(t, ""),
		"g.zip": docx(t, ""), "h": docx(t, `<w:p><w:r><w:t>named</w:t></w:r></w:p>`), "i.docx": "PK\x03\x04 no archive",
		"j.docx": "hello", "k.md": " ", "l.html": "", "m.docx": docx(t, strings.Repeat(" ", 10<<20)),
		"n.html": strings.Repeat("<p>a long page, which takes several reads</p>\n", 20_000),
		"o.md":   strings.Repeat("# heading\n\ntext \xff\n", 1000), "p": "PK\x05\x06",
	}
	for _, dir := range []string{"sample", "broken"} {
		root := filepath.Join("../../testdata", dir)
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, ".pdf") {
				return err
			}
			b, err := os.ReadFile(path)
			files[path] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	plain := formats.New(extract.Options{})
	// The race detector takes several times the memory.
	confined := newTest(t, "reader", extract.Limits{Memory: 2 << 30})
	var wg sync.WaitGroup
	for name, content := range files {
		wg.Go(func() {
			want, wantErr := extractString(plain, name, content)
			got, err := extractString(confined, name, content)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got %.300v, want %.300v", name, got, want)
			}
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%s: got error %v, want %v", name, err, wantErr)
			}
			for _, c := range causes {
				if errors.Is(err, c) != errors.Is(wantErr, c) {
					t.Errorf("%s: %v: that it is %q got lost or came", name, err, c)
				}
			}
			var a, b *extract.UnsupportedError
			var c, d *extract.MismatchError
			if errors.As(err, &a) != errors.As(wantErr, &b) || errors.As(err, &c) != errors.As(wantErr, &d) {
				t.Errorf("%s: got %T, want %T", name, err, wantErr)
			}
		})
	}
	wg.Wait()
	if len(confined.idle) == 0 {
		t.Error("no file was read by another process")
	}
}

// Whatever a reader does, it fails its file only, and the next is read.
func TestRunawayReaders(t *testing.T) {
	x := newTest(t, "bad", extract.Limits{Memory: 128 << 20})
	for _, tt := range []struct {
		name  string
		cause error
		text  string
	}{
		{"spin.html", extract.ErrTooSlow, "not read within 500ms"},
		{"eat.html", extract.ErrTooLarge, "more than 128 MiB of memory"},
		{"recurse.html", nil, ""},
		{"exit.html", nil, "crash"},
		{"lie.html", nil, "crash"},
		{"kill.html", extract.ErrTransient, "was killed"},
	} {
		if tt.cause == extract.ErrTransient && runtime.GOOS == "windows" {
			continue // how a process was ended is not known there
		}
		if tt.cause == extract.ErrTooLarge && runtime.GOOS != "linux" {
			continue // memory is not known here
		}
		// One that spins has to be waited for. The others have more time than
		// they need, on a slow machine too.
		x.limits.Time = time.Minute
		if tt.cause == extract.ErrTooSlow {
			x.limits.Time = 500 * time.Millisecond
		}
		got, err := extractString(x, tt.name, "<p>hello")
		x.limits.Time = time.Minute
		if err == nil || tt.cause != nil && !errors.Is(err, tt.cause) || (tt.cause == extract.ErrTransient) != errors.Is(err, extract.ErrTransient) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: got %v, %v, want %q", tt.name, got, err, tt.text)
		}
		if got, err := extractString(x, "good.html", "<p>hello"); err != nil || got.Body != "hello" {
			t.Errorf("after %s: got %v, %v", tt.name, got, err)
		}
	}
}

// A process that somebody ended while it had nothing to do is replaced.
func TestIdleProcessEnded(t *testing.T) {
	x := newTest(t, "reader", extract.Limits{})
	for range 3 {
		if _, err := extractString(x, "a.html", "<p>hello"); err != nil {
			t.Fatal(err)
		}
		for _, p := range x.idle {
			if err := p.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestCommandFails(t *testing.T) {
	for name, command := range map[string]func() *exec.Cmd{
		"not there":    func() *exec.Cmd { return exec.Command(filepath.Join(t.TempDir(), "none")) },
		"ends at once": func() *exec.Cmd { return exec.Command(os.Args[0], "-test.list=^$") },
	} {
		x := New(formats.All(), Options{Command: command})
		if got, err := extractString(x, "a.html", "<p>hello"); !errors.Is(err, extract.ErrTransient) || !strings.Contains(err.Error(), "process that reads it") {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestProcesses checks that readers together do not take what is meant for one.
func TestProcesses(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(16))
	for _, tt := range []struct {
		memory          int64
		processes, want int
	}{{0, 0, 2}, {64 << 20, 0, 4}, {200 << 20, 0, 2}, {1 << 40, 0, 1}, {0, 7, 7}} {
		x := New(formats.All(), Options{Extract: extract.Options{Limits: extract.Limits{Memory: tt.memory}}, Processes: tt.processes})
		if got := cap(x.slots); got != tt.want {
			t.Errorf("of %d MiB, %d processes are asked for: %d, want %d", tt.memory>>20, tt.processes, got, tt.want)
		}
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCanceledWhileReading(t *testing.T) {
	x := newTest(t, "bad", extract.Limits{})
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := x.Extract(ctx, "spin.html", strings.NewReader("<p>a"), 4); err != context.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	if len(x.idle) != 0 {
		t.Error("the process that spins is to be used again")
	}
}

func TestClose(t *testing.T) {
	x := New(formats.All(), Options{Command: as("bad")})
	failed := make(chan error)
	go func() {
		_, err := extractString(x, "spin.html", "<p>a")
		failed <- err
	}()
	for len(x.slots) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err != errClosed {
		t.Errorf("got %v, want that the extractor is closed", err)
	}
	if _, err := extractString(x, "a.html", "<p>a"); err != errClosed {
		t.Errorf("after Close: got %v", err)
	}
}

// faulty is a file on a disk that fails.
type faulty struct{}

var errDisk = errors.New("the disk failed")

func (faulty) ReadAt(p []byte, off int64) (int, error) {
	if off == 0 && len(p) <= 4096 { // as far as its kind is looked at
		return copy(p, strings.Repeat("<p>hello", 512)), nil
	}
	return 0, errDisk
}

func TestReadErrorsReachTheCaller(t *testing.T) {
	x := newTest(t, "reader", extract.Limits{})
	if _, err := x.Extract(t.Context(), "a.html", faulty{}, 1<<20); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want that the disk failed", err)
	}
}

// beParent starts a reader that never ends on its own, says which, and waits.
func beParent() {
	x := New(formats.All(), Options{Command: as("bad")})
	go func() {
		for {
			if len(x.slots) > 0 {
				fmt.Println("reading")
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, err := extractString(x, "spin.html", "<p>a")
	fmt.Println(err)
}

// A reader ends with the program, however that ends, also while it is busy.
func TestNoOrphans(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the children of a process are looked for in /proc")
	}
	parent := as("parent")()
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	var child int
	for end := time.Now().Add(20 * time.Second); child == 0; time.Sleep(10 * time.Millisecond) {
		if child = childOf(t, parent.Process.Pid); time.Now().After(end) {
			t.Fatal("no reader was started")
		}
	}
	time.Sleep(200 * time.Millisecond) // until it spins
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait() // it was killed
	for end := time.Now().Add(20 * time.Second); alive(child); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the reader %d outlived the program", child)
		}
	}
}

// childOf returns a child of the process, 0 if it has none.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range stats {
		fields := statOf(name)
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			if err != nil {
				t.Fatal(err)
			}
			return child
		}
	}
	return 0
}

// statOf returns the fields behind the name: state, parent and so on.
func statOf(name string) []string {
	line, err := os.ReadFile(name)
	if err != nil {
		return nil // it has ended
	}
	return strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
}

func alive(pid int) bool {
	fields := statOf(fmt.Sprintf("/proc/%d/stat", pid))
	return len(fields) > 0 && fields[0] != "Z"
}

// FuzzExchange lets the reader say anything.
func FuzzExchange(f *testing.F) {
	var good bytes.Buffer
	_ = writeFrame(&good, frameRead, make([]byte, 12))
	_ = writeFrame(&good, frameBody, []byte("hello"))
	_ = writeFrame(&good, frameBlocks, encodeBlocks([]document.Block{{Kind: document.Heading, Level: 2, End: 2}, {Start: 2, End: 5}}))
	_ = writeFrame(&good, framePlaces, placecode.AppendPlaces(nil, document.Place{}, []document.PlaceAt{{Offset: 1, Place: document.Place{Page: 3}}}))
	_ = writeFrame(&good, frameBoxes, placecode.AppendBoxes(nil, 0, []document.BoxAt{{End: 5, Page: 3, Box: document.Box{Right: 20, Bottom: 10}}}))
	_ = writeJSON(&good, frameText, extract.Text{Title: "t", Type: "html", LeftOut: []document.LeftOut{{What: "script", Count: 1, Bytes: 9}}})
	f.Add(good.Bytes())
	good.Reset()
	_ = writeJSON(&good, frameFailure, newFailed(extract.ErrTooLarge))
	f.Add(good.Bytes())
	f.Add([]byte("T\xff\xff\xff\xff{}"))
	f.Fuzz(func(t *testing.T, said []byte) {
		var answers bytes.Buffer
		q := request{Name: "a.html", Size: 5, Limits: extract.DefaultLimits()}
		text, failure, _, err := exchange(bytes.NewReader(said), &answers, q, strings.NewReader("hello"))
		if n := btoi(text != nil) + btoi(failure != nil) + btoi(err != nil); n != 1 {
			t.Errorf("%d results: %v, %v, %v", n, text, failure, err)
		}
		if text != nil && text.Check() != nil {
			t.Errorf("what was read is not sound: %v", text.Check())
		}
		// Each answer belongs to a question, of 12 bytes behind 5.
		if asked := len(said) / 17; bytes.Count(answers.Bytes(), []byte("hello")) > asked {
			t.Error("more answers than questions")
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// FuzzServe lets the program say anything to a reader.
func FuzzServe(f *testing.F) {
	var good bytes.Buffer
	_ = writeJSON(&good, frameRequest, request{Name: "a.html", Size: 8, Limits: extract.DefaultLimits()})
	_ = writeFrame(&good, frameData, []byte("<p>hello"))
	_ = writeFrame(&good, frameData, []byte("<p>hello"))
	f.Add(good.Bytes())
	good.Reset()
	_ = writeJSON(&good, frameRequest, request{Name: "a.docx", Size: 1 << 40, Limits: extract.DefaultLimits()})
	_ = writeFrame(&good, frameEnd, []byte("PK\x03\x04"))
	_ = writeFrame(&good, frameFault, nil)
	f.Add(good.Bytes())
	f.Fuzz(func(t *testing.T, said []byte) {
		_ = Serve(formats.All(), bytes.NewReader(said), io.Discard) // it ends, with an error or not
	})
}
