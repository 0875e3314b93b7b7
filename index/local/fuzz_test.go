package local

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index"
)

func sampleDoc() *docRecord {
	return &docRecord{number: 7, first: 300, info: index.Info{ID: "/a", Path: "/a", Title: "T", Type: "text",
		Modified: time.Unix(1, 2).UTC(), Metadata: map[string]string{"k": "v", "l": ""},
		Fingerprint: index.Fingerprint{Size: 5, ModTime: -1, Inode: 9}, State: index.Indexed, Reason: "r", Bytes: 10, Passages: 2},
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
	f.Add(appendPassage(nil, &index.Passage{Start: 1, End: 5, Page: 2, Line: 3, Heading: []string{"a", ""}, Text: "text"})[4:])
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

// FuzzSegment reads any bytes as a segment and, if they pass for one, all that
// is in it.
func FuzzSegment(f *testing.F) {
	path := filepath.Join(f.TempDir(), "seg")
	p := index.Passage{End: 4, Text: "text"}
	record := appendPassage(nil, &p)
	docs := []segSource{
		{doc: &docRecord{number: 1, first: 3}},
		{doc: sampleDoc(), records: [][]byte{record, record}, vectors: [][]float32{{1, 0}, {0, 1}}},
	}
	if err := writeSegment(path, 2, docs); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[1:])
	f.Add(whole[:len(whole)-1])
	f.Add((&footer{}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
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

// FuzzHighlight checks that ranges lie in the text, in order, and that the
// text may be anything.
func FuzzHighlight(f *testing.F) {
	a, err := newAnalyzers("en")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("gear ratio", "The gears' ratio: a gear-ratio")
	f.Add(`"gear ratio" +x`, "gear ratio gear ratio")
	f.Add("größe 🙂", "GRÖSSE größe 🙂")
	f.Add("\xff", "a\xffb \xff\xfe")
	f.Fuzz(func(t *testing.T, query, text string) {
		q, err := index.ParseQuery(query)
		if err != nil {
			return
		}
		last := 0
		for _, r := range a.highlight(q, text) {
			if r.Start < last || r.End <= r.Start || r.End > len(text) {
				t.Fatalf("range %+v after %d in %q", r, last, text)
			}
			last = r.End
		}
	})
}

// unsafeBytes returns the memory of words as bytes.
func unsafeBytes(words []uint64) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))
}
