package segment

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unsafe"

	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// FuzzDecodeDoc checks that what decodes is what encoding it again gives, in
// either format.
func FuzzDecodeDoc(f *testing.F) {
	for v1, encode := range map[bool]func([]byte, *Doc) []byte{false: AppendDoc, true: appendDocV1} {
		f.Add(v1, encode(nil, fullDoc()))
		f.Add(v1, encode(nil, &Doc{}))
		f.Add(v1, []byte{})
		f.Add(v1, bytes.Repeat([]byte{0xff}, 40))
	}
	f.Add(false, append([]byte{1, 2, 0, 1, 'a'}, appendBytes(appendNumber(nil, 77, 1), 78, "x")...))
	f.Fuzz(func(t *testing.T, v1 bool, b []byte) {
		decode := DecodeDoc
		if v1 {
			decode = DecodeDocV1
		}
		d, rest, err := decode(b)
		if err != nil {
			return
		}
		if len(rest) > len(b) {
			t.Fatal("the rest is longer than the whole")
		}
		again, rest, err := DecodeDoc(AppendDoc(nil, d))
		if err != nil || len(rest) != 0 || !reflect.DeepEqual(d, again) {
			t.Fatalf("%+v became %+v, %v", d, again, err)
		}
	})
}

// FuzzDecodePassage reads any bytes under a right checksum, which alone would
// keep everything else from being reached.
func FuzzDecodePassage(f *testing.F) {
	full := fullPassage()
	for _, p := range []document.Passage{full, {}, {End: 4, Text: "text", Place: document.Place{Line: 3}}} {
		f.Add(false, AppendPassage(nil, &p)[4:])
		f.Add(true, appendPassageV1(nil, &p)[4:])
	}
	f.Add(false, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, v1 bool, body []byte) {
		record := seal(append([]byte{0, 0, 0, 0}, body...), 0)
		decode := DecodePassage
		if v1 {
			decode = decodePassageV1
		}
		p, err := decode(record)
		if err != nil {
			return
		}
		// Numbers of a box may be none, which are not equal to themselves.
		once := AppendPassage(nil, &p)
		again, err := DecodePassage(once)
		if err != nil || !bytes.Equal(once, AppendPassage(nil, &again)) {
			t.Fatalf("%+v became %+v, %v", p, again, err)
		}
		if v1 {
			return
		}
		later := Annotated{Annotations: []document.Annotation{{Kind: "k", Value: "v"}}}
		annotated, err := annotate(record, later)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := DecodePassage(annotated); err != nil || q.Text != p.Text || len(q.Annotations) == 0 {
			t.Fatalf("%+v, annotated, became %+v, %v", p, q, err)
		}
	})
}

// sealed gives a segment the checksums of what is in it, but that of a section:
// with wrong ones little of it would be looked at.
func sealed(b []byte, but int) []byte {
	size, first := footerSize, secRows
	if bytes.HasSuffix(b, []byte(magicV1)) {
		size, first = footerSizeV1, secVectors
	}
	if len(b) < size {
		return b
	}
	b = bytes.Clone(b)
	end := len(b) - size
	foot := b[end:]
	for i := first; i < numSections; i++ {
		s := foot[sectionSize*(i-first):]
		offset, length := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
		if i != but && offset <= uint64(end) && length <= uint64(end)-offset {
			binary.LittleEndian.PutUint32(s[16:], disk.Sum(b[offset:offset+length]))
		}
	}
	sum := size - len(magic) - 4
	binary.LittleEndian.PutUint32(foot[sum:], disk.Sum(foot[:sum]))
	if first == secRows {
		copy(foot[sum+4:], magic)
	}
	return b
}

// addSegments adds segments, whole and cut, to a corpus.
func addSegments(f *testing.F) {
	f.Helper()
	seg, _ := written(f, sources())
	now, err := os.ReadFile(seg.Path)
	if err != nil {
		f.Fatal(err)
	}
	for _, whole := range [][]byte{now, encodeV1(2, sourcesV1())} {
		for but := -1; but < numSections; but++ {
			f.Add(whole, but)
		}
		f.Add(whole[1:], -1)
		f.Add(whole[:len(whole)-1], -1)
	}
	f.Add((&footer{}).encode(), -1)
}

// mapped returns bytes as a mapping would have them: mappings begin at a page;
// a slice may begin anywhere.
func mapped(b []byte) mmap.MMap {
	words := make([]uint64, len(b)/8+1)
	return append(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), 8*len(words))[:0], b...)
}

// FuzzSegment reads any bytes as a segment and, if they pass for one, all that
// is in it.
func FuzzSegment(f *testing.F) {
	addSegments(f)
	f.Fuzz(func(t *testing.T, b []byte, but int) {
		s := &File{data: mapped(sealed(b, but))}
		if s.parse(false, func(*Doc) {}) != nil {
			return
		}
		for i, row := range s.Rows() {
			pos := Position(i)
			if got, ok := s.Position(row); !ok || got != pos {
				t.Fatalf("row %d is at %d, found at %d", row, pos, got)
			}
			d, err := s.Doc(s.DocOf(row))
			if err != nil {
				t.Fatal(err)
			}
			if s.DocID(s.DocOf(row)) != d.Info.ID || s.Passages(s.DocOf(row)) != d.Info.Passages {
				t.Fatalf("the table has another document than %+v", d)
			}
			if row < d.First || row-d.First >= Row(d.Info.Passages) {
				t.Fatalf("row %d is said to be of %+v", row, d)
			}
			_, _ = s.Passage(pos, nil) // may be damaged, must not panic
			_, _ = s.Record(pos, nil)
		}
		s.refs.Store(1)
		if v := s.InFile(); v != nil {
			for i := range v.Rows {
				if len(v.At(i)) != v.Dim {
					t.Fatal("a vector of another length")
				}
			}
		}
	})
}

// FuzzRecover reads what there is to read of any bytes.
func FuzzRecover(f *testing.F) {
	addSegments(f)
	f.Fuzz(func(t *testing.T, b []byte, but int) {
		s := &File{data: mapped(sealed(b, but))}
		if s.parse(true, func(*Doc) {}) != nil {
			return
		}
		for i := range s.Docs() {
			d, err := s.Doc(i)
			if err != nil {
				t.Fatal(err)
			}
			if d.Info.Passages != s.Passages(i) {
				t.Fatalf("%d passages of %+v", s.Passages(i), d)
			}
			for n := range Position(d.Info.Passages) {
				if !s.Damage().Texts {
					_, _ = s.Passage(s.At(i)+n, nil)
				}
			}
		}
		s.refs.Store(1)
		if v := s.InFile(); v != nil && len(v.Rows) > 0 {
			v.At(len(v.Rows) - 1)
		}
	})
}

// sealedSide gives a file beside a segment the checksums of what is in it.
func sealedSide(b []byte, magic string, f *File, checked int) []byte {
	if len(b) < sideFooter {
		return b
	}
	b = bytes.Clone(b)
	foot := b[len(b)-sideFooter:]
	copy(foot, appendSideFooter(nil, magic, f, func(b []byte) []byte { return b })[:16])
	if checked >= 0 && checked <= len(b)-sideFooter {
		at := 20
		if magic == magicVectors {
			at = 24
		}
		binary.LittleEndian.PutUint32(foot[at:], disk.Sum(b[len(b)-sideFooter-checked:len(b)-sideFooter]))
	}
	binary.LittleEndian.PutUint32(foot[sideFooter-4:], disk.Sum(foot[:sideFooter-4]))
	return b
}

// FuzzVectors reads any bytes as vectors, under right checksums.
func FuzzVectors(f *testing.F) {
	seg, v := written(f, sources())
	whole, err := os.ReadFile(v.Path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, 1)
	f.Add(whole, 0)
	f.Add(whole[1:], 1)
	f.Add(whole[len(whole)-sideFooter:], 0)
	f.Fuzz(func(t *testing.T, b []byte, checked int) {
		v := &Vectors{data: mapped(sealedSide(b, magicVectors, seg, checked))}
		if v.parse(seg) != nil {
			return
		}
		for i, row := range v.Rows {
			if got, ok := v.Find(row); !ok || got != i {
				t.Fatalf("row %d is at %d, found at %d", row, i, got)
			}
			if _, ok := seg.Position(row); !ok || len(v.At(i)) != v.Dim {
				t.Fatalf("a vector of row %d", row)
			}
		}
		v.Intact()
	})
}

// FuzzAnnotations reads any bytes as annotations, under right checksums.
func FuzzAnnotations(f *testing.F) {
	seg, _ := written(f, sources())
	path := filepath.Join(f.TempDir(), "ann")
	if err := WriteAnnotations(path, seg, func(pos Position) (Annotated, bool, error) {
		return Annotated{Kinds: []string{"k"}, Annotations: fullPassage().Annotations}, pos != 1, nil
	}); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, 2*annotationEntry)
	f.Add(whole, annotationEntry)
	f.Add(whole[1:], 2*annotationEntry)
	f.Add(whole[len(whole)-sideFooter:], 0)
	f.Fuzz(func(t *testing.T, b []byte, checked int) {
		a := &Annotations{data: mapped(sealedSide(b, magicAnnotations, seg, checked))}
		if a.parse(seg) != nil {
			return
		}
		for pos := range Position(3) {
			found, ok, err := a.At(pos)
			if err != nil || !ok {
				continue
			}
			again, err := decodeAnnotated(appendAnnotated(nil, &found))
			if err != nil || len(again.Annotations) != len(found.Annotations) {
				t.Fatalf("%+v became %+v, %v", found, again, err)
			}
		}
	})
}
