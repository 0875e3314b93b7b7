package local

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/internal/bitcode"
)

// TestFaultsAreErrors cuts a mapped file short and reads it in every way that
// searches do, in assembly too.
func TestFaultsAreErrors(t *testing.T) {
	_, gen := stepsIndex(t, 12)
	cur, err := readCurrent(filepath.Dir(gen))
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := readManifest(gen, cur.manifest)
	if err != nil {
		t.Fatal(err)
	}
	seg, err := openSegReader(gen, m.Segments[0])
	if err != nil {
		t.Fatal(err)
	}
	defer seg.release()
	q := make([]float32, seg.vecs[0].Dim)
	content, err := os.ReadFile(seg.Path)
	if err != nil {
		t.Fatal(err)
	}
	data, err := disk.Map(seg.Path, len(content))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Unmap()
	for _, path := range []string{seg.Path, seg.vecs[0].Path} {
		if err := os.Truncate(path, 0); err != nil {
			t.Fatal(err)
		}
	}
	var sum byte
	for name, read := range map[string]func(){
		"Go":       func() { sum += data[0] },
		"copy":     func() { copy(make([]byte, 8), data) },
		"vek32":    func() { vek32.Dot(q, seg.vector(0)) },
		"checksum": func() { disk.Sum(data) },
		"passage":  func() { _, _ = seg.passage(0) },
		"codes": func() {
			var calls atomic.Int64
			bitcode.Encode(len(q), 5000, func(int) []float32 {
				if calls.Add(1) <= 5000 {
					return q // for the centre; then its goroutines read
				}
				return seg.vector(0)
			})
		},
	} {
		err := func() (err error) {
			defer catchFault(&err)()
			read()
			return nil
		}()
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: error %v, want EIO", name, err)
		}
	}
	t.Log(sum) // or the compiler leaves the read out
}

// TestShortenedIndex cuts the files of an index short while it is open: what is
// read of them is an error, or what was read before.
func TestShortenedIndex(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	s := mustOpen(t, dir)
	defer s.Close()
	hits, err := s.Keyword(t.Context(), index.Request{Query: query("common"), Limit: 5})
	if err != nil || len(hits) == 0 {
		t.Fatal(hits, err)
	}
	for _, name := range files(t, gen) {
		if err := os.Truncate(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	vector := make([]float32, killSettings.Dim)
	for name, use := range map[string]func() error{
		"Keyword": func() error {
			_, err := s.Keyword(t.Context(), index.Request{Query: query("version12 part1 words"), Limit: 5})
			return err
		},
		"Nearest": func() error {
			_, err := s.Nearest(t.Context(), index.Request{Vector: vector, Limit: 5})
			return err
		},
		"Nearest of some": func() error {
			_, err := s.Nearest(t.Context(), index.Request{Vector: vector, Limit: 5, Filter: index.Filter{Paths: []string{"*1.txt"}}})
			return err
		},
		"Passages": func() error {
			_, err := s.Passages(t.Context(), []index.PassageID{hits[0].ID})
			return err
		},
		"Documents": func() error {
			for _, err := range s.Documents(t.Context()) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		if err := use(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: error %v, want EIO", name, err)
		}
	}
}

// TestShortenedReembedding cuts the segments short while they are re-embedded.
func TestShortenedReembedding(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	s, err := Create(t.Context(), dir, TestOptions{Settings: killSettings})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // with an error or without
	r, err := s.Reembed(t.Context(), nextSettings.Model())
	if err != nil {
		t.Fatal(err)
	}
	first := func() (p index.Stored, err error) {
		for p, err = range r.Passages(t.Context()) {
			break
		}
		return p, err
	}
	p, err := first()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files(t, gen) {
		if filepath.Ext(name) == ".zap" || filepath.Ext(name) == ".bolt" {
			continue // Bleve's
		}
		if err := os.Truncate(name, 0); err != nil {
			t.Fatal(err)
		}
	}
	for name, use := range map[string]func() error{
		"Passages": func() error { _, err := first(); return err },
		"Add": func() error {
			return r.Add(t.Context(), []index.Embedded{{ID: p.ID, Vector: make([]float32, nextSettings.Dim)}})
		},
		"Switch": func() error { return r.Switch(t.Context()) },
	} {
		if err := use(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: error %v, want EIO", name, err)
		}
	}
}

// TestDamagedPostings fills parts of Bleve's files with numbers that it would
// take for lengths: they are not opened.
func TestDamagedPostings(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	for _, name := range files(t, filepath.Join(gen, postingsName)) {
		if filepath.Ext(name) != ".zap" {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at+4 <= len(content); at += 64 {
			broken := bytes.Clone(content)
			copy(broken[at:], []byte{128, 128, 128, 128})
			overwrite(t, name, broken)
			for _, err := range openBoth(t, dir) {
				if !errors.Is(err, index.ErrDamaged) && !bytes.Equal(broken, content) {
					t.Errorf("%s, damaged at %d: error %v, want ErrDamaged", name, at, err)
				}
			}
		}
		overwrite(t, name, content)
	}
}

// endingContext ends when it has been asked so often whether it has.
type endingContext struct {
	context.Context
	asked int
}

func (c *endingContext) Err() error {
	if c.asked--; c.asked < 0 {
		return context.Canceled
	}
	return nil
}

// TestSumsEnd checks that reading whole files does not go on when nobody waits
// for it any more.
func TestSumsEnd(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sumFileContext(&endingContext{t.Context(), 2}, large); err != context.Canceled {
		t.Errorf("a file of 8 MiB: %v", err)
	}
	if n, crc, err := sumFile(large); err != nil || n != 8<<20 || crc != crc32.Checksum(make([]byte, 8<<20), crc32.MakeTable(crc32.Castagnoli)) {
		t.Errorf("%d bytes, checksum %x, %v", n, crc, err)
	}
	dir, gen := stepsIndex(t, 12)
	cur, err := readCurrent(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := openGeneration(ctx, gen, cur.manifest, openOptions{readOnly: true, known: new(knownFiles)}); !errors.Is(err, context.Canceled) {
		t.Errorf("opening a generation: %v", err)
	}
}

func TestOtherPanicsPass(t *testing.T) {
	defer func() {
		if r := recover(); r != "a mistake" {
			t.Errorf("recovered %v", r)
		}
	}()
	var err error
	defer catchFault(&err)()
	panic("a mistake")
}
