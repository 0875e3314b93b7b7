package segment

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/internal/placecode"
)

// The tags of the fields of a place.
const (
	tagPage    = 1
	tagLine    = 2
	tagColumn  = 3
	tagSlide   = 4
	tagSheet   = 5
	tagCell    = 6
	tagChapter = 7
	tagMessage = 8
	tagTime    = 9
	tagAnchor  = 10
	tagBox     = 11
)

// The tags of the fields of a passage, besides those of its place.
const (
	tagLast        = 16
	tagHeading     = 17
	tagContext     = 18
	tagLanguage    = 19
	tagFurniture   = 20
	tagAnnotations = 21
	tagSignature   = 22
	tagPlaces      = 23
	tagBoxes       = 24
)

const (
	asNumber = 0 // what a key has besides twice the tag
	asBytes  = 1
)

// AppendPassage encodes a passage record: a checksum and what it covers.
func AppendPassage(b []byte, p *document.Passage) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b = binary.AppendUvarint(b, uint64(p.Start))
	b = binary.AppendUvarint(b, uint64(p.End-p.Start))
	b = appendPlace(b, &p.Place)
	if !p.Last.IsZero() {
		b = appendBytes(b, tagLast, appendPlace(nil, &p.Last))
	}
	for _, h := range p.Heading {
		b = appendBytes(b, tagHeading, h)
	}
	b = appendText(b, tagContext, p.Context)
	b = appendText(b, tagLanguage, p.Language)
	if p.Furniture {
		b = appendNumber(b, tagFurniture, 1)
	}
	if len(p.Annotations)+len(p.Annotated) > 0 {
		b = appendBytes(b, tagAnnotations, appendAnnotated(nil, &Annotated{Kinds: p.Annotated, Annotations: p.Annotations}))
	}
	if len(p.Signature) > 0 {
		b = appendBytes(b, tagSignature, p.Signature)
	}
	if len(p.Places) > 0 {
		b = appendBytes(b, tagPlaces, placecode.AppendPlaces(nil, p.Place, p.Places))
	}
	if len(p.Boxes) > 0 {
		b = appendBytes(b, tagBoxes, placecode.AppendBoxes(nil, p.Place.Page, p.Boxes))
	}
	b = append(b, 0)
	b = append(b, p.Text...)
	return seal(b, at)
}

// seal puts the checksum in front of the record that begins at a place.
func seal(b []byte, at int) []byte {
	binary.LittleEndian.PutUint32(b[at:], disk.Sum(b[at+4:]))
	return b
}

// unseal compares the checksum of a record and returns what it covers.
func unseal(record []byte) ([]byte, error) {
	if len(record) < 4 {
		return nil, ErrRecord
	}
	if binary.LittleEndian.Uint32(record) != disk.Sum(record[4:]) {
		return nil, fmt.Errorf("%w: checksum differs", ErrRecord)
	}
	return record[4:], nil
}

func appendPlace(b []byte, p *document.Place) []byte {
	b = appendInt(b, tagPage, p.Page)
	b = appendInt(b, tagLine, p.Line)
	b = appendInt(b, tagColumn, p.Column)
	b = appendInt(b, tagSlide, p.Slide)
	b = appendText(b, tagSheet, p.Sheet)
	b = appendText(b, tagCell, p.Cell)
	b = appendText(b, tagChapter, p.Chapter)
	b = appendText(b, tagMessage, p.Message)
	if p.Time != nil {
		b = appendNumber(b, tagTime, zigzag(int64(*p.Time)))
	}
	b = appendText(b, tagAnchor, p.Anchor)
	if x := p.Box; x != nil {
		var box []byte
		for _, v := range []float32{x.Left, x.Top, x.Right, x.Bottom} {
			box = binary.LittleEndian.AppendUint32(box, math.Float32bits(v))
		}
		b = appendBytes(b, tagBox, box)
	}
	return b
}

// placeField takes up the field that r has read if it is one of a place.
func placeField(r *reader, key uint64, p *document.Place) {
	switch key {
	case tagPage<<1 | asNumber:
		p.Page = r.int()
	case tagLine<<1 | asNumber:
		p.Line = r.int()
	case tagColumn<<1 | asNumber:
		p.Column = r.int()
	case tagSlide<<1 | asNumber:
		p.Slide = r.int()
	case tagSheet<<1 | asBytes:
		p.Sheet = r.text()
	case tagCell<<1 | asBytes:
		p.Cell = r.text()
	case tagChapter<<1 | asBytes:
		p.Chapter = r.text()
	case tagMessage<<1 | asBytes:
		p.Message = r.text()
	case tagTime<<1 | asNumber:
		d := time.Duration(unzigzag(r.number))
		p.Time = &d
	case tagAnchor<<1 | asBytes:
		p.Anchor = r.text()
	case tagBox<<1 | asBytes:
		if len(r.value) != 16 {
			r.fail()
			return
		}
		f := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(r.value[4*i:])) }
		p.Box = &document.Box{Left: f(0), Top: f(1), Right: f(2), Bottom: f(3)}
	}
}

// DecodePassage is the inverse of AppendPassage for exactly the bytes of one
// record.
func DecodePassage(record []byte) (document.Passage, error) {
	p, _, err := decodePassage(record)
	return p, err
}

// decodePassage returns what is annotated, too.
func decodePassage(record []byte) (p document.Passage, annotated Annotated, err error) {
	body, err := unseal(record)
	if err != nil {
		return p, annotated, err
	}
	r := reader{b: body}
	p.Start = r.size()
	if p.End = r.asInt(uint64(p.Start) + r.uvarint()); p.End < p.Start {
		r.fail()
	}
	var places, boxes []byte
	for key := r.next(); key != 0; key = r.next() {
		switch key {
		case tagLast<<1 | asBytes:
			last := reader{b: r.value}
			for len(last.b) > 0 {
				placeField(&last, last.next(), &p.Last)
			}
			if last.err != nil {
				r.fail()
			}
		case tagHeading<<1 | asBytes:
			p.Heading = append(p.Heading, r.text())
		case tagContext<<1 | asBytes:
			p.Context = r.text()
		case tagLanguage<<1 | asBytes:
			p.Language = r.text()
		case tagFurniture<<1 | asNumber:
			p.Furniture = r.number != 0
		case tagAnnotations<<1 | asBytes:
			if annotated, err = decodeAnnotated(r.value); err != nil {
				r.fail()
			}
			p.Annotations, p.Annotated = annotated.Annotations, annotated.Kinds
		case tagSignature<<1 | asBytes:
			p.Signature = slices.Clone(r.value)
		case tagPlaces<<1 | asBytes:
			places = r.value
		case tagBoxes<<1 | asBytes:
			boxes = r.value
		default:
			placeField(&r, key, &p.Place)
		}
	}
	p.Text = string(r.b)
	// They are written as what differs from p.Place, which is known by now.
	if p.Places, err = placecode.Places(places, p.Place); err != nil {
		r.fail()
	}
	if p.Boxes, err = placecode.Boxes(boxes, p.Place.Page); err != nil {
		r.fail()
	}
	if r.err != nil {
		return document.Passage{}, Annotated{}, r.err
	}
	return p, annotated, nil
}

// Annotated are annotations of some kinds of a passage.
type Annotated struct {
	// Kinds are those that were looked for, those of which there is no
	// annotation included, in ascending order.
	Kinds       []string
	Annotations []document.Annotation
}

// complete adds the kinds of the annotations to the kinds and puts both in
// order.
func (a Annotated) complete() Annotated {
	kinds := slices.Clone(a.Kinds)
	for _, x := range a.Annotations {
		kinds = append(kinds, x.Kind)
	}
	slices.Sort(kinds)
	list := slices.Clone(a.Annotations)
	slices.SortStableFunc(list, func(a, b document.Annotation) int { return a.Start - b.Start })
	return Annotated{slices.Compact(kinds), list}
}

// Then returns what is annotated after a later annotation, which replaces those
// of its kinds.
func (a Annotated) Then(later Annotated) Annotated {
	later = later.complete()
	kept := slices.DeleteFunc(slices.Clone(a.Annotations), func(x document.Annotation) bool {
		_, replaced := slices.BinarySearch(later.Kinds, x.Kind)
		return replaced
	})
	return Annotated{append(slices.Clone(a.Kinds), later.Kinds...), append(kept, later.Annotations...)}.complete()
}

// appendAnnotated encodes annotations: the kinds, then for each annotation the
// number of its kind among them, its value and its range.
func appendAnnotated(b []byte, a *Annotated) []byte {
	c := a.complete()
	b = binary.AppendUvarint(b, uint64(len(c.Kinds)))
	for _, k := range c.Kinds {
		b = appendString(b, k)
	}
	b = binary.AppendUvarint(b, uint64(len(c.Annotations)))
	for _, x := range c.Annotations {
		kind, _ := slices.BinarySearch(c.Kinds, x.Kind)
		b = binary.AppendUvarint(b, uint64(kind))
		b = appendString(b, x.Value)
		b = binary.AppendUvarint(b, uint64(x.Start))
		b = binary.AppendUvarint(b, uint64(x.End-x.Start))
	}
	return b
}

func decodeAnnotated(b []byte) (a Annotated, err error) {
	r := reader{b: b}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		a.Kinds = append(a.Kinds, r.sized())
	}
	if !slices.IsSortedFunc(a.Kinds, func(a, b string) int { return max(strings.Compare(a, b), 0) }) {
		r.fail()
	}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		kind := r.size()
		x := document.Annotation{Value: r.sized(), Start: r.size()}
		x.End = r.asInt(uint64(x.Start) + r.uvarint())
		if r.err != nil || kind >= len(a.Kinds) || x.End < x.Start {
			return Annotated{}, ErrRecord
		}
		x.Kind = a.Kinds[kind]
		a.Annotations = append(a.Annotations, x)
	}
	if r.err != nil || len(r.b) > 0 {
		return Annotated{}, ErrRecord
	}
	return a, nil
}

// annotate returns a passage record with what was annotated later. All other
// fields stay as they are, those of a later program included.
func annotate(record []byte, later Annotated) ([]byte, error) {
	_, annotated, err := decodePassage(record)
	if err != nil {
		return nil, err
	}
	r := reader{b: record[4:]}
	r.uvarint()
	r.uvarint()
	out := slices.Clone(record[:len(record)-len(r.b)])
	for key := r.next(); key != 0; key = r.next() {
		if key != tagAnnotations<<1|asBytes {
			out = append(out, r.raw...)
		}
	}
	annotated = annotated.Then(later)
	out = appendBytes(out, tagAnnotations, appendAnnotated(nil, &annotated))
	out = append(out, 0)
	return seal(append(out, r.b...), 0), nil
}
