package local

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/bitcode"
)

func sampleDoc() *docRecord {
	return &docRecord{number: 7, first: 300, info: index.Info{ID: "/a", Path: "/a", Title: "T", Type: "text",
		Modified: time.Unix(1, 2).UTC(), Metadata: map[string]string{"k": "v", "l": ""},
		Fingerprint: index.Fingerprint{Stat: document.Stat{Size: 5, ModTime: -1, Inode: 9}}, State: index.Indexed, Reason: "r", Bytes: 10, Passages: 2},
		lengths: [numFields]fieldLength{{1, 2}, {3, 4}}}
}

// FuzzDecodeDoc checks that what decodes is what encoding it again gives.
func FuzzDecodeDoc(f *testing.F) {
	f.Add(appendDoc(nil, sampleDoc()))
	f.Add(appendDoc(nil, &docRecord{}))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, rest, err := decodeDoc(b)
		if err != nil {
			return
		}
		if len(rest) > len(b) {
			t.Fatal("the rest is longer than the whole")
		}
		again, rest, err := decodeDoc(appendDoc(nil, d))
		if err != nil || len(rest) != 0 || !reflect.DeepEqual(d, again) {
			t.Fatalf("%+v became %+v, %v", d, again, err)
		}
	})
}

// FuzzDecodePassage reads any bytes under a right checksum, which alone would
// keep everything else from being reached.
func FuzzDecodePassage(f *testing.F) {
	f.Add(appendPassage(nil, &index.Passage{Start: 1, End: 5, Place: document.Place{Page: 2, Line: 3}, Heading: []string{"a", ""}, Text: "text"})[4:])
	f.Add(appendPassage(nil, &index.Passage{})[4:])
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, body []byte) {
		record := binary.LittleEndian.AppendUint32(nil, crc32.Checksum(body, castagnoli))
		p, err := decodePassage(append(record, body...))
		if err != nil {
			return
		}
		again, err := decodePassage(appendPassage(nil, &p))
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%+v became %+v, %v", p, again, err)
		}
	})
}

// sampleSegment is a segment of two documents, of which the second has two
// passages.
func sampleSegment(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seg")
	p := index.Passage{End: 4, Text: "text"}
	record := appendPassage(nil, &p)
	docs := []segSource{
		{doc: &docRecord{number: 1, first: 3}},
		{doc: sampleDoc(), records: [][]byte{record, record}, vectors: [][]float32{{1, 0}, {0, 1}}},
	}
	if err := writeSegment(path, 2, docs); err != nil {
		t.Fatal(err)
	}
	if s, err := openSegment(path); err != nil || len(s.rows) != 2 || s.release() != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sealed gives a segment the checksums of what is in it, but that of a section:
// with wrong ones little of it would be looked at.
func sealed(b []byte, but int) []byte {
	if len(b) < footerSize {
		return b
	}
	b = bytes.Clone(b)
	end := len(b) - footerSize
	foot := b[end:]
	for i := range numSections {
		offset, length := binary.LittleEndian.Uint64(foot[20*i:]), binary.LittleEndian.Uint64(foot[20*i+8:])
		if i != but && offset <= uint64(end) && length <= uint64(end)-offset {
			binary.LittleEndian.PutUint32(foot[20*i+16:], crc32.Checksum(b[offset:offset+length], castagnoli))
		}
	}
	sum := footerSize - len(segMagic) - 4
	binary.LittleEndian.PutUint32(foot[sum:], crc32.Checksum(foot[:sum], castagnoli))
	copy(foot[sum+4:], segMagic)
	return b
}

// addSegments adds a segment, whole and cut, to a corpus.
func addSegments(f *testing.F) {
	f.Helper()
	whole := sampleSegment(f)
	for but := -1; but < numSections; but++ {
		f.Add(whole, but)
	}
	f.Add(whole[1:], -1)
	f.Add(whole[:len(whole)-1], -1)
	f.Add((&footer{}).encode(), -1)
}

// FuzzSegment reads any bytes as a segment and, if they pass for one, all that
// is in it.
func FuzzSegment(f *testing.F) {
	addSegments(f)
	f.Fuzz(func(t *testing.T, b []byte, but int) {
		b = sealed(b, but)
		// Mappings begin at a page; a slice may begin anywhere.
		data := make([]uint64, len(b)/8+1)
		aligned := append(unsafeBytes(data)[:0], b...)
		s := &segment{data: mmap.MMap(aligned)}
		if s.parse() != nil {
			return
		}
		for pos, row := range s.rows {
			if got, ok := s.position(row); !ok || got != pos {
				t.Fatalf("row %d is at %d, found at %d", row, pos, got)
			}
			d, err := s.doc(s.docOf(row))
			if err != nil {
				t.Fatal(err)
			}
			if s.docID(s.docOf(row)) != d.info.ID || s.passages(s.docOf(row)) != d.info.Passages {
				t.Fatalf("the table has another document than %+v", d)
			}
			if row < d.first || row-d.first >= uint32(d.info.Passages) {
				t.Fatalf("row %d is said to be of %+v", row, d)
			}
			if len(s.vector(pos)) != s.dim {
				t.Fatal("a vector of another length")
			}
			s.passage(pos) // may be damaged, must not panic
		}
	})
}

// FuzzSalvage saves what there is to save of any bytes.
func FuzzSalvage(f *testing.F) {
	whole, path := sampleSegment(f), filepath.Join(f.TempDir(), "seg")
	if docs, lost := salvageAll(f, path, whole); docs != 2 || lost != 0 {
		f.Fatalf("of a whole segment %d documents are saved and %d lost", docs, lost)
	}
	addSegments(f)
	f.Fuzz(func(t *testing.T, b []byte, but int) { salvageAll(t, path, sealed(b, but)) })
}

// salvageAll writes a segment, reads all of its documents and counts those that
// cannot be saved, of those that can be named.
func salvageAll(t testing.TB, path string, segment []byte) (docs, lost int) {
	t.Helper()
	if err := os.WriteFile(path, segment, fileMode); err != nil {
		t.Fatal(err)
	}
	seg, err := salvageSegment(path)
	if err != nil {
		return 0, 0
	}
	defer seg.close()
	at := 0
	for _, d := range seg.docs {
		got := seg.document(d, nil, at)
		at += d.info.Passages
		docs++
		if got.lost != "" {
			lost++
			continue
		}
		if got.doc.ID != d.info.ID || len(got.doc.Content) != d.info.Passages {
			t.Fatalf("%+v of %+v", got.doc, d)
		}
		for _, p := range got.doc.Content {
			if !got.vectorless && len(p.Vector) != seg.dim {
				t.Fatalf("a vector of %d instead of %d", len(p.Vector), seg.dim)
			}
		}
	}
	return docs, lost
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
		NextRow: 6, NextDocument: 7, NextSegment: 8, Documents: 2, Passages: 2, Segments: []string{segName(1)},
		Reembedding: &shadowManifest{Embedder: "other", Dim: 3, Segments: []string{segName(2)}},
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
		if err := os.WriteFile(path, b, fileMode); err != nil {
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
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, segName(1)), sampleSegment(f), fileMode); err != nil {
		f.Fatal(err)
	}
	s, err := openSegment(filepath.Join(dir, segName(1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.release() })
	path := s.codesPath()
	if err := writeCodes(path, s.encodeCodes(), s.vectorsCRC); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	if s.codes, err = openCodes(path, s); err != nil || s.compareCodes() != "" {
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
		if len(header) == 0 && len(body) >= centreBytes(s.dim) {
			c := bitcode.Codes{Dim: s.dim, Rows: len(s.rows)}
			header = appendCodesHeader(nil, &c, s.vectorsCRC, crc32.Checksum(body[:centreBytes(s.dim)], castagnoli), 0)
		}
		if err := os.WriteFile(path, append(bytes.Clone(header), body...), fileMode); err != nil {
			t.Fatal(err)
		}
		c, err := openCodes(path, s)
		if err != nil {
			return
		}
		defer c.data.Unmap()
		blocks := bitcode.Blocks(c.Rows)
		scores, found := make([]float32, blocks*bitcode.Block), make([]uint16, blocks)
		c.Scan(c.Query(c.rotation.Apply(s.vector(0))), []uint32{0}, float32(math.Inf(-1)), scores, found)
		if found[0]>>c.Rows != 0 {
			t.Fatalf("rows %b are found", found[0])
		}
	})
}

// unsafeBytes returns the memory of words as bytes.
func unsafeBytes(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}
