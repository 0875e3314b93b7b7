package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

func appendFloat(b []byte, x float32) []byte {
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
}

func at(d time.Duration) *time.Duration { return &d }

// fullPassage has something in every field.
func fullPassage() document.Passage {
	return document.Passage{
		Start: 10, End: 300,
		Place: document.Place{Page: 1, Line: 2, Column: 3, Slide: 4, Sheet: "Budget", Cell: "B7", Chapter: "One", Message: "<a@b>",
			Time: at(0), Anchor: "top", Box: &document.Box{Left: 1, Top: 2.5, Right: 3, Bottom: 4}},
		Last:      document.Place{Page: 2, Cell: "C9", Time: at(time.Second)},
		Heading:   []string{"outer", "", "inner"},
		Context:   "Name | Age",
		Language:  "zh-Hant",
		Furniture: true,
		Text:      "a text\x00with any bytes \xff",
		Annotations: []document.Annotation{
			{Kind: "label/topic", Value: "history"}, {Kind: "entity/PER", Value: "Ann", Start: 2, End: 5}, {Kind: "entity/PER", Start: 2, End: 6},
		},
		Annotated: []string{"entity/PER", "label/topic", "tried"},
		Signature: []byte{0, 1, 2},
		Places:    []document.PlaceAt{{Offset: 3, Place: document.Place{Page: 2, Anchor: "end"}}},
		Boxes:     []document.BoxAt{{Start: 2, End: 6, Page: 1, Box: document.Box{Left: 1, Right: 9.5, Bottom: 12}}, {Start: 7, End: 9, Page: 2}},
	}
}

func fullDoc() *Doc {
	d := &Doc{Number: 7, First: 300, Info: document.Info{ID: "/a#b", Path: "/a", Title: "T", Type: "text", Language: "de",
		Modified: time.Unix(1, 2).UTC(), Metadata: map[string]string{"k": "v", "l": "", "": "x"},
		Fingerprint: document.Fingerprint{Stat: document.Stat{Size: 5, ModTime: -1, ChangeTime: 8, Inode: math.MaxUint64}, SHA256: [32]byte{3, 31: 4}, Device: math.MaxUint64},
		State:       document.Skipped, Reason: "r", Versions: document.Versions{Reader: 2, Splitter: 300, Container: 3}, Bytes: 10, Passages: 2,
		LeftOut: []document.LeftOut{{What: "script", Count: 2, Bytes: 1 << 40}, {What: "style", Count: 1}}},
		Lengths:   [NumFields]FieldLength{{1, 2}, {3, 4}, {0, 0}, {1 << 40, 9}},
		Languages: []string{"fr", "zh-Hant"}}
	return d
}

func TestPassageRecord(t *testing.T) {
	for name, p := range map[string]document.Passage{"full": fullPassage(), "empty": {}, "text": {End: 4, Text: "text"}, "only last": {Last: document.Place{Line: 9}}} {
		got, err := DecodePassage(AppendPassage(nil, &p))
		if err != nil || !reflect.DeepEqual(got, p) {
			t.Errorf("%s: %+v became %+v, %v", name, p, got, err)
		}
	}
	// A passage of a plain text, as most are, takes no more than in format 1.
	p := document.Passage{Start: 12345, End: 13345, Place: document.Place{Line: 200, Column: 1}, Heading: []string{"Heading"}, Text: "text"}
	if old, now := len(appendPassageV1(nil, &p)), len(AppendPassage(nil, &p)); now > old+2 {
		t.Errorf("%d bytes instead of %d", now, old)
	}
}

func TestDocRecord(t *testing.T) {
	for name, d := range map[string]*Doc{"full": fullDoc(), "empty": {}, "no path": {Info: document.Info{ID: "x"}}, "path": {Info: document.Info{ID: "x", Path: "x"}}} {
		got, rest, err := DecodeDoc(append(AppendDoc(nil, d), "rest"...))
		if err != nil || string(rest) != "rest" || !reflect.DeepEqual(got, d) {
			t.Errorf("%s: %+v became %+v, %q, %v", name, d, got, rest, err)
		}
	}
}

// TestUnknownFields checks that fields of a later program are skipped and kept.
func TestUnknownFields(t *testing.T) {
	p := fullPassage()
	record := AppendPassage(nil, &p)
	end := len(record) - len(p.Text) - 1
	unknown := appendBytes(appendNumber(nil, 1000, 7), 1001, "later")
	later := seal(slices.Concat(record[:end], unknown, record[end:]), 0)
	got, err := DecodePassage(later)
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Fatalf("%+v became %+v, %v", p, got, err)
	}
	annotated, err := annotate(later, Annotated{Annotations: []document.Annotation{{Kind: "label/topic", Value: "science"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = DecodePassage(annotated); err != nil || !slices.Contains(got.Annotations, document.Annotation{Kind: "label/topic", Value: "science"}) {
		t.Errorf("%+v, %v", got, err)
	}
	got.Annotated, p.Annotated = nil, nil
	if got.Annotations, p.Annotations = nil, nil; !reflect.DeepEqual(got, p) || !contains(annotated, unknown) {
		t.Errorf("annotated, %+v became %+v", p, got)
	}

	d := fullDoc()
	record = AppendDoc(nil, d)
	read, rest, err := DecodeDoc(slices.Concat(record[:len(record)-1], unknown, record[len(record)-1:]))
	if err != nil || len(rest) > 0 || !reflect.DeepEqual(read.Info, d.Info) {
		t.Fatalf("%+v became %+v, %v", d, read, err)
	}
	read.Info.Title = "another"
	if !contains(AppendDoc(nil, read), unknown) {
		t.Error("fields of a later program are lost")
	}
}

func contains(b, part []byte) bool {
	for i := range b {
		if len(b)-i >= len(part) && string(b[i:i+len(part)]) == string(part) {
			return true
		}
	}
	return false
}

func TestAnnotatedThen(t *testing.T) {
	type A = document.Annotation
	first := Annotated{Kinds: []string{"tried"}, Annotations: []A{{Kind: "b", Value: "1", Start: 5, End: 6}, {Kind: "a", Value: "2"}}}
	got := first.Then(Annotated{Kinds: []string{"b"}, Annotations: []A{{Kind: "c", Value: "3", Start: 1, End: 2}}})
	want := Annotated{[]string{"a", "b", "c", "tried"}, []A{{Kind: "a", Value: "2"}, {Kind: "c", Value: "3", Start: 1, End: 2}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v instead of %+v", got, want)
	}
}

// sources are a document without passages and one with three, of which the
// second has no vector.
func sources() []Source {
	d := fullDoc()
	d.Info.Passages = 3
	src := Source{Doc: d, Vectors: [][]float32{{1, 0}, nil, {0, 1}}}
	for i := range 3 {
		p := fullPassage()
		p.Start += i
		src.Records = append(src.Records, AppendPassage(nil, &p))
	}
	return []Source{{Doc: &Doc{Number: 1, First: 3}}, src}
}

// written is an open segment of sources with its vectors.
func written(t testing.TB, docs []Source) (*File, *Vectors) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "seg")
	if err := Write(path, docs); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, func(*Doc) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Release() })
	var all [][]float32
	for _, d := range docs {
		all = append(all, d.Vectors...)
	}
	path = filepath.Join(dir, "vec")
	if err := WriteVectors(path, f, 2, func(pos Position) []float32 { return all[pos] }); err != nil {
		t.Fatal(err)
	}
	v, err := OpenVectors(path, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Release() })
	return f, v
}

func TestFile(t *testing.T) {
	docs := sources()
	f, v := written(t, docs)
	if !slices.Equal(f.Rows(), []Row{300, 301, 302}) || f.Docs() != 2 || f.End() != 303 || f.LastNumber() != 7 {
		t.Errorf("rows %v, %d documents, end %d, last %d", f.Rows(), f.Docs(), f.End(), f.LastNumber())
	}
	d, err := f.Doc(f.DocOf(301))
	if err != nil || !reflect.DeepEqual(d, docs[1].Doc) {
		t.Errorf("%+v instead of %+v, %v", d, docs[1].Doc, err)
	}
	want := fullPassage()
	want.Start++
	if p, err := f.Passage(1, nil); err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("%+v instead of %+v, %v", p, want, err)
	}
	if !slices.Equal(v.Rows, []Row{300, 302}) || v.All || !v.Intact() || !slices.Equal(v.At(1), []float32{0, 1}) {
		t.Errorf("vectors of %v, all %t: %v", v.Rows, v.All, v.vectors)
	}
	if _, ok := v.Find(301); ok {
		t.Error("a vector that is not there is found")
	}
}

// TestAnnotations checks that what was annotated later is read with the passage,
// and written with it.
func TestAnnotations(t *testing.T) {
	f, _ := written(t, sources())
	path := filepath.Join(t.TempDir(), "ann")
	if err := WriteAnnotations(path, f, func(pos Position) (Annotated, bool, error) {
		return Annotated{Kinds: []string{"entity/PER"}, Annotations: []document.Annotation{{Kind: "new", Value: "x"}}}, pos == 1, nil
	}); err != nil {
		t.Fatal(err)
	}
	a, err := OpenAnnotations(path, f)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	want := fullPassage()
	want.Start++
	want.Annotations = []document.Annotation{{Kind: "label/topic", Value: "history"}, {Kind: "new", Value: "x"}}
	want.Annotated = []string{"entity/PER", "label/topic", "new", "tried"}
	for pos := range Position(3) {
		p, err := f.Passage(pos, []*Annotations{a})
		if err != nil || (pos == 1) != reflect.DeepEqual(p, want) {
			t.Errorf("passage %d: %+v, %v", pos, p, err)
		}
		record, err := f.Record(pos, []*Annotations{a})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodePassage(record); err != nil || !reflect.DeepEqual(again, p) {
			t.Errorf("passage %d is written as %+v, %v", pos, again, err)
		}
	}
}

// TestOtherSegment checks that files are not taken for those of another segment.
func TestOtherSegment(t *testing.T) {
	f, v := written(t, sources())
	docs := sources()
	docs[1].Doc.First++
	other, _ := written(t, docs)
	if _, err := OpenVectors(v.Path, other); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("error %v, want ErrDamaged", err)
	}
	if _, err := OpenAnnotations(v.Path, f); !errors.Is(err, index.ErrDamaged) {
		t.Errorf("vectors as annotations: error %v, want ErrDamaged", err)
	}
}

// sourcesV1 have what format 1 could say.
func sourcesV1() []Source {
	docs := sources()
	docs[1].Doc.Info.Language, docs[1].Doc.Info.Versions, docs[1].Doc.Info.Fingerprint.Device = "", document.Versions{}, 0
	docs[1].Doc.Languages, docs[1].Doc.Info.LeftOut = nil, nil
	docs[1].Vectors[1] = []float32{3, 4}
	for i := range docs[1].Records {
		p := document.Passage{Start: i, End: i + 4, Place: document.Place{Page: 1, Line: 2, Column: 3}, Heading: []string{"a", ""}, Text: "text"}
		docs[1].Records[i] = appendPassageV1(nil, &p)
	}
	return docs
}

func writeV1(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "seg-1")
	if err := os.WriteFile(path, encodeV1(2, sourcesV1()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFormat1(t *testing.T) {
	f, err := Open(writeV1(t), func(*Doc) {})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	docs := sourcesV1()
	if d, err := f.Doc(1); err != nil || !reflect.DeepEqual(d, docs[1].Doc) || f.DocID(1) != d.Info.ID {
		t.Errorf("%+v instead of %+v, %v", d, docs[1].Doc, err)
	}
	v := f.InFile()
	if v == nil || !v.All || !slices.Equal(v.At(1), []float32{3, 4}) || !v.Intact() {
		t.Fatalf("vectors %+v", v)
	}
	defer v.Release()
	want := document.Passage{Start: 1, End: 5, Place: document.Place{Page: 1, Line: 2, Column: 3}, Heading: []string{"a", ""}, Text: "text"}
	if p, err := f.Passage(1, nil); err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("%+v instead of %+v, %v", p, want, err)
	}
	record, err := f.Record(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := DecodePassage(record); err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("brought over: %+v instead of %+v, %v", p, want, err)
	}
}

// TestRecover damages one section after the other and reads what is left.
func TestRecover(t *testing.T) {
	f, _ := written(t, sources())
	whole, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	foot, err := decodeFooter(whole)
	if err != nil {
		t.Fatal(err)
	}
	for sec, want := range map[int]Damage{
		secRows:     {Any: true},
		secOffsets:  {Any: true, Texts: true},
		secPassages: {Any: true},
		secDocs:     {Any: true, Names: true, Docs: true},
		-1:          {},
	} {
		b := slices.Clone(whole)
		if sec >= 0 {
			at := foot.sections[sec].offset + foot.sections[sec].length - 1
			if sec == secDocs {
				at = uint64(bytes.LastIndex(b, []byte("de"))) // the language, so that all documents can be read
			}
			b[at] ^= 1
		}
		path := filepath.Join(t.TempDir(), "seg")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Recover(path)
		if err != nil {
			t.Fatal(err)
		}
		if r.Damage() != want || !slices.Equal(r.Rows(), []Row{300, 301, 302}) {
			t.Errorf("section %d: %+v instead of %+v, rows %v", sec, r.Damage(), want, r.Rows())
		}
		if !want.Texts {
			_, err := r.Passage(2, nil)
			if (err != nil) != (sec == secPassages) {
				t.Errorf("section %d: the last passage gives %v", sec, err)
			}
		}
		r.Release()
		if _, err := Open(path, func(*Doc) {}); (err == nil) != (sec == -1 || sec == secPassages) {
			t.Errorf("section %d: opened, %v", sec, err)
		}
	}
}

// TestFormatIsDescribed checks that docs/format.md knows the files' names and
// lengths.
func TestFormatIsDescribed(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "format.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{magic, magicV1, magicVectors, magicAnnotations,
		fmt.Sprintf("last %d bytes", footerSize), fmt.Sprintf("last %d bytes", sideFooter), fmt.Sprintf("footer of %d bytes", footerSizeV1),
		fmt.Sprintf("| %d | copy signature |", tagSignature), fmt.Sprintf("| %d | boxes of words", tagBoxes), fmt.Sprintf("| %d | what was left out", tagLeftOut), fmt.Sprintf("| %d, %d | versions of the reader and of the splitter", tagReader, tagSplitter)} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("docs/format.md does not have %q", want)
		}
	}
}
