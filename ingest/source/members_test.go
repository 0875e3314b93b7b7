package source_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/jsonl"
	"github.com/albert-search/albert-search/ingest/source"
)

// toy is a container of two kinds, written as a format would be: members of a
// tar are read in place, those of a zip have to be expanded.
type toy struct {
	ext     string
	expands *int // how often the content of a member was asked for; may be nil
}

func (c toy) Version() int                    { return 3 }
func (c toy) Named(name string) bool          { return strings.HasSuffix(name, c.ext) }
func (c toy) Holds(in *io.SectionReader) bool { return in.Size() > 0 }

func (c toy) Members(_ context.Context, in *io.SectionReader) iter.Seq2[extract.Member, error] {
	if c.ext == ".tar" {
		return c.tar(in)
	}
	return func(yield func(extract.Member, error) bool) {
		z, err := zip.NewReader(in, in.Size())
		if err != nil {
			yield(extract.Member{}, fmt.Errorf("is damaged: %w", err))
			return
		}
		for i, f := range z.File {
			m := extract.Member{Name: f.Name, Size: int64(f.UncompressedSize64), Modified: f.Modified}
			if f.Method != zip.Store && f.Method != zip.Deflate {
				m.Err = &extract.UnsupportedError{Kind: "member that is compressed in another way"}
			}
			m.Open = func(_ context.Context, in *io.SectionReader) (io.Reader, error) {
				if c.expands != nil {
					*c.expands++
				}
				z, err := zip.NewReader(in, in.Size())
				if err != nil {
					return nil, err
				}
				return z.File[i].Open()
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (c toy) tar(in *io.SectionReader) iter.Seq2[extract.Member, error] {
	return func(yield func(extract.Member, error) bool) {
		r := io.NewSectionReader(in, 0, in.Size())
		for t := tar.NewReader(r); ; {
			h, err := t.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(extract.Member{}, fmt.Errorf("is damaged: %w", err))
				return
			}
			at, _ := r.Seek(0, io.SeekCurrent)
			m := extract.Member{Name: h.Name, Size: h.Size}
			m.Open = func(_ context.Context, in *io.SectionReader) (io.Reader, error) {
				return io.NewSectionReader(in, at, h.Size), nil
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func toys() []extract.Container {
	return []extract.Container{jsonl.Container{}, toy{ext: ".tar"}, toy{ext: ".zip"}}
}

// tarOf and zipOf pack pairs of a name and a content.
func tarOf(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for pair := range slices.Chunk(members, 2) {
		must(t, w.WriteHeader(&tar.Header{Name: pair[0], Size: int64(len(pair[1])), Mode: 0o600, Format: tar.FormatGNU}))
		_, err := io.WriteString(w, pair[1])
		must(t, err)
	}
	must(t, w.Close())
	return b.String()
}

func zipOf(t *testing.T, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for pair := range slices.Chunk(members, 2) {
		m, err := w.Create(pair[0])
		must(t, err)
		_, err = io.WriteString(m, pair[1])
		must(t, err)
	}
	must(t, w.Close())
	return b.String()
}

// offered lists a folder with the toys: the end of each ID, and what the entry
// reads or why it does not.
func offered(t *testing.T, dir string, o source.FileOptions) []string {
	t.Helper()
	if o.Containers == nil {
		o.Containers = toys()
	}
	o.Extractor = verbatim{}
	s, err := source.Files([]string{dir}, o)
	must(t, err)
	var got []string
	for _, e := range entries(t, s) {
		if !s.Covers(e.ID) {
			t.Errorf("%s is offered and not covered", e.ID)
		}
		line := strings.TrimPrefix(e.ID, filepath.ToSlash(dir)+"/") + ": "
		err := e.Skip
		if err == nil {
			var doc *ingest.Document
			if doc, err = e.Load(t.Context()); err == nil {
				line += doc.Body
				sum, err := e.Hash(t.Context())
				must(t, err)
				if sum != doc.Fingerprint.SHA256 {
					t.Errorf("%s has two hashes", e.ID)
				}
			}
		}
		if err != nil {
			line += "! " + err.Error()
		}
		got = append(got, line)
	}
	return got
}

func TestMembers(t *testing.T) {
	big := strings.Repeat("0123456789", 200_000) // not kept in memory
	records := `{"id":"r","text":"record"}` + "\nnonsense\n" + `{"id":"r","text":"again"}` + "\n"
	inner := zipOf(t, "r.jsonl", records, "dir/c.txt", "three", "big.txt", big)
	dir := tree(t, map[string]string{
		"a.txt": "one",
		"b.tar": tarOf(t, "b.txt", "two", "in.zip", inner, "b.txt", "twice", "#1\x01\\.txt", "odd", "x.bin", "\x00"),
		"c.txt": "last",
		"C#.md": "sharp",
	})
	got := offered(t, dir, source.FileOptions{})
	for i := range got {
		got[i] = strings.Replace(got[i], big, "BIG", 1)
	}
	expect(t, got,
		`C\x23.md: sharp`,
		"a.txt: one",
		"b.tar#b.txt: two",
		"b.tar#in.zip#r.jsonl#r: record",
		`b.tar#in.zip#r.jsonl\:2: ! line 2: is not JSON from its byte 2 on`,
		`b.tar#in.zip#r.jsonl\:3: ! line 3: has the id "r" of line 1`,
		"b.tar#in.zip#dir/c.txt: three",
		"b.tar#in.zip#big.txt: BIG",
		`b.tar\:3: ! member 3: has the name "b.txt" of member 1`,
		`b.tar#\x231\x01\\.txt: odd`,
		"b.tar#x.bin: ! not a kind of file that is read: a binary file",
		"c.txt: last")
}

// never is a toy that no content is.
type never struct{ toy }

func (never) Holds(*io.SectionReader) bool { return false }

// What a member is expanded to counts once, for however many kinds of container
// its name is that of.
func TestMembersAreChargedOnce(t *testing.T) {
	text := strings.Repeat("no archive ", 1000)
	dir := tree(t, map[string]string{"a.zip": zipOf(t, "b.tar", text)})
	got := offered(t, dir, source.FileOptions{
		Containers: []extract.Container{toy{ext: ".zip"}, never{toy{ext: ".tar"}}, never{toy{ext: ".tar"}}},
		Limits:     extract.ContainerLimits{Bytes: int64(len(text)) + 100},
	})
	expect(t, got, "a.zip#b.tar: "+text)
}

// letter is a Container of files that are documents as well: lines of text, and
// lines of a file that is attached.
type letter struct{}

func (letter) Named(name string) bool { return strings.HasSuffix(name, ".letter") }
func (letter) Version() int           { return 1 }
func (letter) IsDocument() bool       { return true }

func (letter) Holds(in *io.SectionReader) bool {
	head := make([]byte, 4)
	_, err := in.ReadAt(head, 0)
	return err == nil && string(head) == "Dear"
}

func (letter) Members(_ context.Context, in *io.SectionReader) iter.Seq2[extract.Member, error] {
	return func(yield func(extract.Member, error) bool) {
		text, err := io.ReadAll(in)
		for line := range strings.Lines(string(text)) {
			rest, ok := strings.CutPrefix(strings.TrimSpace(line), "attached ")
			name, content, _ := strings.Cut(rest, " ")
			switch {
			case !ok:
				continue
			case name == "nothing":
				yield(extract.Member{}, errors.New("the glue came off"))
				return
			}
			if !yield(extract.Member{Name: name, Size: int64(len(content)), Open: func(context.Context, *io.SectionReader) (io.Reader, error) {
				return strings.NewReader(content), nil
			}}, nil) {
				return
			}
		}
		if err != nil {
			yield(extract.Member{}, err)
		}
	}
}

// A file may be a document and have members: both are offered, on its own and as a
// member. Members that are not known are a note of the document.
func TestDocumentsWithMembers(t *testing.T) {
	whole := "Dear Ada,\nattached a.txt one\nattached b.letter Dear Bob, attached to Ada's\n"
	broken := "Dear Ada,\nattached a.txt one\nattached nothing\n"
	dir := tree(t, map[string]string{
		"broken.letter": broken,
		"no.letter":     "Hello",
		"pack.tar":      tarOf(t, "in.letter", whole),
		"whole.letter":  whole,
	})
	o := source.FileOptions{Containers: append(toys(), letter{}), Limits: extract.ContainerLimits{Depth: 2}}
	expect(t, offered(t, dir, o),
		"broken.letter#a.txt: one",
		"broken.letter: "+broken,
		"no.letter: Hello",
		"pack.tar#in.letter#a.txt: one",
		"pack.tar#in.letter#b.letter: Dear Bob, attached to Ada's",
		"pack.tar#in.letter: "+whole,
		"whole.letter#a.txt: one",
		"whole.letter#b.letter: Dear Bob, attached to Ada's",
		"whole.letter: "+whole)
	o.Extractor = verbatim{}
	s, err := source.Files([]string{dir}, o)
	must(t, err)
	notes := map[string]string{}
	for _, e := range entries(t, s) {
		doc, err := e.Load(t.Context())
		must(t, err)
		if doc.Note != "" {
			notes[filepath.Base(e.Path)] = doc.Note
			if e.Incomplete != e.ID+"#" {
				t.Errorf("%s is incomplete at %q", e.ID, e.Incomplete)
			}
		} else if e.Incomplete != "" {
			t.Errorf("%s is incomplete", e.ID)
		}
	}
	want := map[string]string{
		"broken.letter":               "what is attached to it is not all known: the glue came off",
		"pack.tar#in.letter#b.letter": "what is attached to it is not all known: is nested more than 2 deep",
	}
	if !maps.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

// The content of a container within a container is expanded once, and not for
// each of its members.
func TestMembersShareTheirContainer(t *testing.T) {
	expands := 0
	var members []string
	for i := range 50 {
		members = append(members, fmt.Sprintf("%02d.txt", i), "text")
	}
	dir := tree(t, map[string]string{"a.zip": zipOf(t, "b.tar", tarOf(t, members...))})
	got := offered(t, dir, source.FileOptions{Containers: []extract.Container{toy{ext: ".tar"}, toy{".zip", &expands}}})
	if len(got) != 50 || expands > 2 {
		t.Errorf("%d members, the container was expanded %d times", len(got), expands)
	}
}

func TestLimitsOfMembers(t *testing.T) {
	nest := func(depth int) string {
		content := "text"
		name := "x.txt"
		for range depth {
			content, name = zipOf(t, name, content), "x.zip"
		}
		return content
	}
	many := zipOf(t, "a.zip", zipOf(t, "1.txt", "1", "2.txt", "2"), "b.zip", zipOf(t, "1.txt", "1", "2.txt", "2"))
	large := zipOf(t, "a.tar", tarOf(t, "1.txt", strings.Repeat("1", 3000)), "b.tar", tarOf(t, "1.txt", strings.Repeat("2", 3000)), "c.txt", "c")
	for name, c := range map[string]struct {
		file   string
		limits extract.ContainerLimits
		want   []string
	}{
		"not so deep": {nest(4), extract.ContainerLimits{}, []string{"f.zip#x.zip#x.zip#x.zip#x.txt: text"}},
		"depth":       {nest(5), extract.ContainerLimits{}, []string{"f.zip#x.zip#x.zip#x.zip#x.zip: ! is nested more than 4 deep"}},
		"count over all containers": {many, extract.ContainerLimits{Members: 4}, []string{
			"f.zip#a.zip#1.txt: 1", "f.zip#a.zip#2.txt: 2",
			"f.zip: ! limit exceeded: it has more than 4 members"}},
		"count": {many, extract.ContainerLimits{Members: 6}, []string{
			"f.zip#a.zip#1.txt: 1", "f.zip#a.zip#2.txt: 2", "f.zip#b.zip#1.txt: 1", "f.zip#b.zip#2.txt: 2"}},
		"bytes over all containers": {large, extract.ContainerLimits{Bytes: 6000}, []string{
			"f.zip#a.tar#1.txt: " + strings.Repeat("1", 3000),
			"f.zip: ! limit exceeded: its members have more than 6000 bytes when expanded"}},
		"time": {large, extract.ContainerLimits{Time: 1}, []string{
			"f.zip: ! limit exceeded: its members were not expanded within 1ns"}},
		"records are not counted": {`{"id":"a","text":"1"}` + "\n" + `{"id":"b","text":"2"}`, extract.ContainerLimits{Members: 1, Bytes: 1, Time: 1, Depth: 1}, []string{
			"f.jsonl#a: 1", "f.jsonl#b: 2"}},
	} {
		t.Run(name, func(t *testing.T) {
			file := "f.zip"
			if strings.HasPrefix(c.file, "{") {
				file = "f.jsonl"
			}
			dir := tree(t, map[string]string{file: c.file})
			got := offered(t, dir, source.FileOptions{Limits: c.limits})
			for i := range got {
				got[i] = strings.Replace(got[i], extract.ErrTooLarge.Error(), "limit exceeded", 1)
				got[i] = strings.Replace(got[i], extract.ErrTooSlow.Error(), "limit exceeded", 1)
			}
			expect(t, got, c.want...)
		})
	}
}

// What of a container cannot be read is neither there nor gone.
func TestDamagedMembers(t *testing.T) {
	inner := zipOf(t, "x.txt", "x")
	damaged := tarOf(t, "a.txt", "one", "in.zip", inner[:len(inner)-10], "z.txt", "last")
	torn := tarOf(t, "a.txt", "one", "b.txt", strings.Repeat("x", 2000))
	dir := tree(t, map[string]string{"f.tar": damaged, "g.tar": torn[:1600]})
	s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}, Containers: toys()})
	must(t, err)
	l := ingest.NewListing(s)
	var failed []string
	id := filepath.ToSlash(dir) + "/"
	for _, e := range entries(t, s) {
		l.Add(e)
		if e.Skip != nil {
			failed = append(failed, strings.TrimPrefix(e.ID, id))
		}
	}
	expect(t, failed, "f.tar#in.zip", "g.tar")
	for suffix, want := range map[string]bool{
		"f.tar#a.txt": false, "f.tar#gone.txt": true, "f.tar#in.zip#x.txt": false, "f.tar#in.zip": false,
		"f.tar#in.zip2#x.txt": true, "f.tar": true, "g.tar#a.txt": false, "g.tar#unknown.txt": false, "h.tar#x": true,
	} {
		if got := gone(l, id+suffix); got != want {
			t.Errorf("Gone(%s) = %v", suffix, got)
		}
	}
}

// A member is compared by its content, and by nothing where its file did not
// change at all.
func TestChangeOfMembers(t *testing.T) {
	dir := tree(t, map[string]string{"f.zip": zipOf(t, "a.txt", "one", "b.txt", "two", "c.txt", "three")})
	path := filepath.Join(dir, "f.zip")
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(path, long, long))
	list := func() []ingest.Entry {
		s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}, Containers: toys()})
		must(t, err)
		return entries(t, s)
	}
	known := map[string]ingest.Fingerprint{}
	before := list()
	for _, e := range before {
		doc, err := e.Load(t.Context())
		must(t, err)
		f := doc.Fingerprint
		f.Stat = e.Stat // as if it had been indexed long ago
		known[e.ID] = f
	}
	for _, e := range list() {
		e.Hash = nil // is not called
		if change, _, err := e.Compare(t.Context(), known[e.ID]); change != ingest.Same || err != nil {
			t.Errorf("%s: %v, %v although the file is the same", e.ID, change, err)
		}
	}
	must(t, os.WriteFile(path, []byte(zipOf(t, "a.txt", "one", "b.txt", "two!")), 0o600))
	for i, want := range []ingest.Change{ingest.Touched, ingest.Changed} {
		e := list()[i]
		if change, _, err := e.Compare(t.Context(), known[e.ID]); change != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", e.ID, change, err, want)
		}
	}
	// What was listed is not what is there any more.
	if _, err := before[0].Load(t.Context()); !errors.Is(err, ingest.ErrChanged) {
		t.Errorf("a member of another file: %v", err)
	}
}

// clumsy is a container whose code fails at one place.
type clumsy struct{ at string }

func (c clumsy) fail(at string) {
	if at == c.at {
		panic("secret words of the file")
	}
}

func (c clumsy) Version() int           { return 1 }
func (c clumsy) Named(name string) bool { return strings.HasSuffix(name, ".clumsy") }

func (c clumsy) Holds(*io.SectionReader) bool {
	c.fail("holds")
	return true
}

func (c clumsy) Members(context.Context, *io.SectionReader) iter.Seq2[extract.Member, error] {
	return func(yield func(extract.Member, error) bool) {
		m := extract.Member{Name: "a", Open: func(context.Context, *io.SectionReader) (io.Reader, error) {
			c.fail("open")
			return io.LimitReader(c, 4), nil
		}, Read: func(_ context.Context, content []byte) (*extract.Text, error) {
			c.fail("read")
			return &extract.Text{Body: string(content), Type: "text"}, nil
		}}
		if !yield(m, nil) {
			return
		}
		c.fail("members")
	}
}

func (c clumsy) Read(p []byte) (int, error) {
	c.fail("content")
	return copy(p, "text"), nil
}

// A mistake in the code of a container costs the member or the file.
func TestContainersMayPanic(t *testing.T) {
	const failed = "! the file made its reader fail: panic of type string"
	for at, want := range map[string][]string{
		"":        {"f.clumsy#a: text"},
		"holds":   {"f.clumsy: file"}, // is no container then
		"members": {"f.clumsy#a: text", "f.clumsy: " + failed},
		"open":    {"f.clumsy#a: " + failed},
		"content": {"f.clumsy#a: " + failed},
		"read":    {"f.clumsy#a: " + failed},
	} {
		dir := tree(t, map[string]string{"f.clumsy": "file"})
		expect(t, offered(t, dir, source.FileOptions{Containers: []extract.Container{clumsy{at}}}), want...)
	}
}

// FuzzMembers lists containers with members of any name.
func FuzzMembers(f *testing.F) {
	f.Add("a.txt", "b#c", "text")
	f.Add("d.zip", "d.zip", "PK")
	f.Add("x.jsonl", "\x00\xff", `{"text":"a"}`)
	f.Add("", "/../..", "")
	f.Fuzz(func(t *testing.T, a, b, content string) {
		if len(a)+len(b) > 1000 {
			return
		}
		var buf bytes.Buffer
		z := zip.NewWriter(&buf)
		for _, name := range []string{a, b} {
			w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
			if err != nil {
				return
			}
			_, _ = io.WriteString(w, content)
		}
		if z.Close() != nil {
			return
		}
		dir := tree(t, map[string]string{"f.zip": buf.String()})
		s, err := source.Files([]string{dir}, source.FileOptions{Extractor: verbatim{}, Containers: toys()})
		must(t, err)
		ids := map[string]bool{}
		for _, e := range entries(t, s) {
			if ids[e.ID] {
				t.Errorf("the ID %q is there twice", e.ID)
			}
			ids[e.ID] = true
			id, err := ingest.ParseID(e.ID)
			if err != nil || id.String() != e.ID || id.File != filepath.ToSlash(filepath.Join(dir, "f.zip")) {
				t.Errorf("the ID %q is %+v, %v", e.ID, id, err)
			}
			if !s.Covers(e.ID) {
				t.Errorf("%q is not covered", e.ID)
			}
		}
	})
}
