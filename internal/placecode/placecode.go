// Package placecode is the short form of places and boxes, in records of an index
// and between processes: each is written as what differs from the one before.
package placecode

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/albert-search/albert-search/document"
)

// ErrMalformed says that bytes are not places, or not boxes.
var ErrMalformed = errors.New("malformed places")

// numbers and texts are the fields of a place that have these types, in the order
// of the bits that stand for them: first numbers, then texts, then time and box.
func numbers(p *document.Place) [4]*int {
	return [...]*int{&p.Page, &p.Line, &p.Column, &p.Slide}
}

func texts(p *document.Place) [5]*string {
	return [...]*string{&p.Sheet, &p.Cell, &p.Chapter, &p.Message, &p.Anchor}
}

const (
	firstText = 4
	timeBit   = 9
	boxBit    = 10
	allBits   = 1<<11 - 1
)

// AppendPlaces encodes places, which are in ascending order of Offset. from is
// the place before the first.
func AppendPlaces(b []byte, from document.Place, places []document.PlaceAt) []byte {
	at := 0
	for i := range places {
		p := &places[i]
		b = binary.AppendUvarint(b, uint64(p.Offset-at))
		b = appendPlace(b, &from, &p.Place)
		at, from = p.Offset, p.Place
	}
	return b
}

// appendPlace encodes what of p differs from the place before it: a bit for each
// field that does, then their values.
func appendPlace(b []byte, before, p *document.Place) []byte {
	var bits uint64
	was, is := numbers(before), numbers(p)
	for i := range is {
		if *is[i] != *was[i] {
			bits |= 1 << i
		}
	}
	wasText, isText := texts(before), texts(p)
	for i := range isText {
		if *isText[i] != *wasText[i] {
			bits |= 1 << (firstText + i)
		}
	}
	sameTime := document.Place{Time: before.Time}.Equal(document.Place{Time: p.Time})
	if !sameTime {
		bits |= 1 << timeBit
	}
	sameBox := before.Box == p.Box || before.Box != nil && p.Box != nil && bitsOf(before.Box) == bitsOf(p.Box)
	if !sameBox {
		bits |= 1 << boxBit
	}
	b = binary.AppendUvarint(b, bits)
	for i := range is {
		if *is[i] != *was[i] {
			b = binary.AppendVarint(b, int64(*is[i])-int64(*was[i]))
		}
	}
	for i := range isText {
		if *isText[i] != *wasText[i] {
			b = binary.AppendUvarint(b, uint64(len(*isText[i])))
			b = append(b, *isText[i]...)
		}
	}
	if !sameTime {
		b = appendTime(b, p.Time)
	}
	if !sameBox {
		b = appendBox(b, p.Box)
	}
	return b
}

func appendTime(b []byte, t *time.Duration) []byte {
	if t == nil {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), int64(*t))
}

func appendBox(b []byte, x *document.Box) []byte {
	if x == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	for _, v := range bitsOf(x) {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func bitsOf(x *document.Box) [4]uint32 {
	return [4]uint32{math.Float32bits(x.Left), math.Float32bits(x.Top), math.Float32bits(x.Right), math.Float32bits(x.Bottom)}
}

// Places is the inverse of AppendPlaces for exactly its bytes.
func Places(b []byte, from document.Place) ([]document.PlaceAt, error) {
	r := reader{b: b}
	var places []document.PlaceAt
	at := 0
	for len(r.b) > 0 {
		at = r.sum(at, r.uvarint())
		r.place(&from)
		if r.failed {
			return nil, ErrMalformed
		}
		places = append(places, document.PlaceAt{Offset: at, Place: from})
	}
	return places, nil
}

// place changes p, the place before, into the one that is read.
func (r *reader) place(p *document.Place) {
	bits := r.uvarint()
	if bits > allBits {
		r.fail()
		return
	}
	for i, v := range numbers(p) {
		if bits&(1<<i) != 0 {
			*v = r.step(*v, math.MaxInt)
		}
	}
	for i, v := range texts(p) {
		if bits&(1<<(firstText+i)) != 0 {
			*v = string(r.bytes(r.uvarint()))
		}
	}
	if bits&(1<<timeBit) != 0 {
		if p.Time = nil; r.flag() {
			t := time.Duration(r.varint())
			p.Time = &t
		}
	}
	if bits&(1<<boxBit) != 0 {
		if p.Box = nil; r.flag() {
			p.Box = r.box()
		}
	}
}

func (r *reader) box() *document.Box {
	raw := r.bytes(16)
	if r.failed {
		return nil
	}
	f := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])) }
	return &document.Box{Left: f(0), Top: f(1), Right: f(2), Bottom: f(3)}
}

// What of a box is not as expected, and is written then; the upper four bits have
// the length of the word, or 15 where it follows.
const (
	gapFollows  = 1 << iota // there is not one byte between it and the word before
	pageFollows             // it is on another page
	lineFollows             // it has another upper edge or height
	stepFollows             // it is not as far from the word before as that from its own
	longWord    = 15
)

// lastBox is where the word before stands, in half points.
type lastBox struct {
	end, page, right, top, height, step int
}

// AppendBoxes encodes boxes, which are in ascending order of Start and Rounded.
// page is what the first is compared with.
func AppendBoxes(b []byte, page int, boxes []document.BoxAt) []byte {
	last := lastBox{page: page, end: -1}
	for i := range boxes {
		b = last.append(b, &boxes[i])
	}
	return b
}

func (last *lastBox) append(b []byte, x *document.BoxAt) []byte {
	half := func(v float32) int { return int(math.Round(float64(v) * 2)) }
	left, top, width, height := half(x.Box.Left), half(x.Box.Top), half(x.Box.Right)-half(x.Box.Left), half(x.Box.Bottom)-half(x.Box.Top)
	gap, step, length := x.Start-last.end, left-last.right, x.End-x.Start
	head := byte(min(length, longWord)) << 4
	var more []byte
	if gap != 1 {
		head |= gapFollows
		more = binary.AppendVarint(more, int64(gap))
	}
	if length >= longWord {
		more = binary.AppendUvarint(more, uint64(length-longWord))
	}
	if x.Page != last.page {
		head |= pageFollows
		more = binary.AppendVarint(more, int64(x.Page-last.page))
	}
	if top != last.top || height != last.height {
		head |= lineFollows
		more = binary.AppendVarint(more, int64(top-last.top))
		more = binary.AppendVarint(more, int64(height-last.height))
	}
	if step != last.step {
		head |= stepFollows
		more = binary.AppendVarint(more, int64(step))
	}
	more = binary.AppendUvarint(more, uint64(width))
	if head&lineFollows == 0 {
		last.step = step
	}
	last.end, last.page, last.right, last.top, last.height = x.End, x.Page, left+width, top, height
	return append(append(b, head), more...)
}

// Boxes is the inverse of AppendBoxes for exactly its bytes.
func Boxes(b []byte, page int) ([]document.BoxAt, error) {
	r := reader{b: b}
	last := lastBox{page: page, end: -1}
	var boxes []document.BoxAt
	for len(r.b) > 0 {
		x := last.read(&r)
		if n := len(boxes); r.failed || n > 0 && x.Start < boxes[n-1].Start {
			return nil, ErrMalformed
		}
		boxes = append(boxes, x)
	}
	return boxes, nil
}

func (last *lastBox) read(r *reader) document.BoxAt {
	head := r.byte()
	start, length := r.sum(last.end+1, 0), int(head>>4)
	if head&gapFollows != 0 {
		start = r.step(last.end, math.MaxInt)
	}
	if length == longWord {
		length = r.sum(length, r.uvarint())
	}
	if head&pageFollows != 0 {
		last.page = r.step(last.page, math.MaxInt)
	}
	if head&lineFollows != 0 {
		last.top = r.coordinate(last.top)
		last.height = r.step(last.height, 4*document.MaxPoints)
	}
	step := last.step
	if head&stepFollows != 0 {
		step = r.coordinate(0)
	}
	if head&lineFollows == 0 {
		last.step = step
	}
	left := last.right + step
	width := r.sum(0, r.uvarint())
	last.end = r.sum(start, uint64(length))
	const most = 2 * document.MaxPoints
	if max(left, -left, last.top, -last.top) > most || width > most-left || last.height > most-last.top {
		r.fail()
		return document.BoxAt{}
	}
	last.right = left + width
	whole := func(v int) float32 { return float32(v) / 2 }
	return document.BoxAt{Start: start, End: last.end, Page: last.page,
		Box: document.Box{Left: whole(left), Top: whole(last.top), Right: whole(last.right), Bottom: whole(last.top + last.height)}}
}
