package local

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
	"github.com/albert-search/albert-search/internal/bitcode"
)

func sampleDoc() *segment.Doc {
	return &segment.Doc{Number: 7, First: 300, Info: index.Info{ID: "/a", Path: "/a", Title: "T", Type: "text",
		Modified: time.Unix(1, 2).UTC(), Metadata: map[string]string{"k": "v", "l": ""},
		Fingerprint: index.Fingerprint{Stat: document.Stat{Size: 5, ModTime: -1, Inode: 9}}, State: index.Indexed, Reason: "r", Bytes: 10, Passages: 2},
		Lengths: [numFields]segment.FieldLength{{Passages: 1, Tokens: 2}, {Passages: 3, Tokens: 4}}}
}

// sampleSegment writes a segment of two documents, of which the second has two
// passages, with their vectors, and opens it.
func sampleSegment(t testing.TB) *segReader {
	t.Helper()
	record := segment.AppendPassage(nil, &index.Passage{End: 4, Text: "text"})
	w := &writer{work: t.TempDir(), next: manifest{NextFile: 1}, sums: make(map[string]fileSum)}
	s, err := w.addSegment([]segment.Source{
		{Doc: &segment.Doc{Number: 1, First: 3}},
		{Doc: sampleDoc(), Records: [][]byte{record, record}, Vectors: [][]float32{{1, 0}, {0, 1}}},
	}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.release() })
	return s
}

// FuzzCurrent checks that CURRENT is read in one form only.
func FuzzCurrent(f *testing.F) {
	seed := current{12, 0xabc}.bytes()
	if c, ok := parseCurrent(seed); !ok || c.generation != 12 {
		f.Fatalf("%q is read as %+v", seed, c)
	}
	f.Add(seed)
	f.Add([]byte("gen-00000012 00000ABC\n"))
	f.Add([]byte("gen-99999999999999999999 00000000\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, ok := parseCurrent(b); ok && !bytes.Equal(c.bytes(), b) {
			t.Fatalf("%q is read as %+v", b, c)
		}
	})
}

// FuzzManifest checks that what decodes is what encoding it again gives, and
// names no file outside of its folder.
func FuzzManifest(f *testing.F) {
	seed := manifest{Format: formatVersion, Generation: 3, Created: time.Unix(1, 2).UTC(), Settings: killSettings, Batch: 4, Previous: 5,
		NextRow: 6, NextDocument: 7, NextFile: 8, Documents: 2, Passages: 2, Vectors: 1,
		Segments:    []segmentManifest{{segName(1), []string{fileName(vecPrefix, 1)}, nil}, {segName(2), nil, []string{fileName(annPrefix, 3)}}},
		Reembedding: &shadowManifest{Embedder: "other", Dim: 3, Segments: []segmentManifest{{Name: segName(4)}}},
		Files:       []fileSum{{segName(1), 100, 9}, {postingsName + "/root.bolt", 1 << 40, 1}}}
	text, _, err := seed.encode()
	if err != nil {
		f.Fatal(err)
	}
	if m, err := decodeManifest("MANIFEST", text); err != nil || !reflect.DeepEqual(*m, seed) {
		f.Fatalf("%+v is read as %+v, %v", seed, m, err)
	}
	f.Add(text)
	f.Add(bytes.ReplaceAll(text, []byte(postingsName), []byte("..")))
	f.Add(bytes.ReplaceAll(text, []byte(`"dim": 8`), []byte(`"dim": -1`)))
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`{"format":1,"generation":3,"settings":{"Embedder":"e","EmbedderName":"n","Dim":8,"Analyzer":"en","SplitTokens":5,"SplitVersion":1},
		"next_segment":3,"segments":["seg-00000001"],"reembedding":{"embedder":"o","dim":2,"segments":["seg-00000002"]},"files":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest("MANIFEST", b)
		if err != nil {
			return
		}
		for _, file := range m.Files {
			if !filepath.IsLocal(filepath.FromSlash(file.Name)) {
				t.Fatalf("a file %q", file.Name)
			}
		}
		if m.Format == 1 { // which is not written any more
			m.Format = formatVersion
		}
		once, _, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeManifest("MANIFEST", once)
		if err != nil {
			t.Fatal(err)
		}
		if twice, _, err := again.encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s became %s, %v", once, twice, err)
		}
	})
}

// FuzzDeleted checks that what passes for a list of deleted documents can be
// used and written again.
func FuzzDeleted(f *testing.F) {
	path := filepath.Join(f.TempDir(), deletedName)
	read := func(t testing.TB, b []byte) (*roaring.Bitmap, error) {
		if err := os.WriteFile(path, b, disk.FileMode); err != nil {
			t.Fatal(err)
		}
		return readDeleted(path)
	}
	array, runs := roaring.BitmapOf(1, 7, 1<<20), roaring.New()
	runs.AddRange(5, 100_000)
	runs.RunOptimize()
	dense := roaring.New()
	for i := range uint32(10_000) {
		dense.Add(3 * i)
	}
	for _, m := range []*roaring.Bitmap{array, runs, dense, roaring.New()} {
		seed, err := m.ToBytes()
		if err != nil {
			f.Fatal(err)
		}
		if again, err := read(f, seed); err != nil || !again.Equals(m) {
			f.Fatalf("%v is read as %v, %v", m, again, err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := read(t, b)
		if err != nil || m.GetCardinality() > 1<<20 { // which takes its time
			return
		}
		n := uint64(0)
		for it := m.Iterator(); it.HasNext(); n++ {
			if x := it.Next(); !m.Contains(x) {
				t.Fatalf("%d is in it and is not", x)
			}
		}
		if n != m.GetCardinality() {
			t.Fatalf("%d documents are counted as %d", n, m.GetCardinality())
		}
		out, err := m.ToBytes()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := read(t, out); err != nil || !again.Equals(m) {
			t.Fatalf("%v became %v, %v", m, again, err)
		}
	})
}

// FuzzCodes opens any bytes as the codes of a segment, under the right header
// where none is given, and scans them.
func FuzzCodes(f *testing.F) {
	s := sampleSegment(f).vecs[0]
	path := s.codesPath()
	if err := writeCodes(path, encodeCodes(s.Vectors), s.Sum); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if s.codes, err = openCodes(path, s.Vectors); err != nil || s.compareCodes() != "" {
		f.Fatal(err, s.compareCodes())
	}
	if err := s.codes.data.Unmap(); err != nil {
		f.Fatal(err)
	}
	s.codes = nil
	f.Add(whole[:codesHeader], whole[codesHeader:])
	f.Add([]byte{}, whole[codesHeader:])
	f.Add([]byte{}, bytes.Repeat([]byte{0xff}, len(whole)-codesHeader))
	f.Add(whole[:codesHeader], whole[codesHeader+1:])
	f.Fuzz(func(t *testing.T, header, body []byte) {
		if len(header) == 0 && len(body) >= centreBytes(s.Dim) {
			c := bitcode.Codes{Dim: s.Dim, Rows: len(s.Rows)}
			header = appendCodesHeader(nil, &c, s.Sum, disk.Sum(body[:centreBytes(s.Dim)]), 0)
		}
		if err := os.WriteFile(path, append(bytes.Clone(header), body...), disk.FileMode); err != nil {
			t.Fatal(err)
		}
		c, err := openCodes(path, s.Vectors)
		if err != nil {
			return
		}
		defer c.data.Unmap()
		blocks := bitcode.Blocks(c.Rows)
		scores, found := make([]float32, blocks*bitcode.Block), make([]uint16, blocks)
		c.Scan(c.Query(c.rotation.Apply(s.At(0))), []uint32{0}, float32(math.Inf(-1)), scores, found)
		if found[0]>>c.Rows != 0 {
			t.Fatalf("rows %b are found", found[0])
		}
	})
}
