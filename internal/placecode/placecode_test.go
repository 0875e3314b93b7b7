package placecode

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/albert-search/albert-search/document"
)

func places() []document.PlaceAt {
	at, later := time.Duration(-1), time.Hour
	return []document.PlaceAt{
		{Offset: 0, Place: document.Place{Page: 7, Anchor: "start"}},
		{Offset: 0, Place: document.Place{Page: 7}},
		{Offset: 4, Place: document.Place{Line: 12, Anchor: "höhe", Time: &at}},
		{Offset: 900, Place: document.Place{Line: 3, Column: 9, Slide: 2, Sheet: "S", Cell: "B7", Chapter: "One", Message: "<1@x>", Time: &later,
			Box: &document.Box{Left: -1.25, Bottom: 7}}},
		{Offset: 901, Place: document.Place{Line: 3, Box: &document.Box{Left: -1.25, Bottom: 7}}},
		{Offset: 902, Place: document.Place{}},
	}
}

func TestPlaces(t *testing.T) {
	for _, from := range []document.Place{{}, {Page: 9, Sheet: "x", Box: &document.Box{}}} {
		got, err := Places(AppendPlaces(nil, from, places()), from)
		if err != nil || !reflect.DeepEqual(got, places()) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	// A line of a long page costs little.
	var lines []document.PlaceAt
	for i := range 100 {
		lines = append(lines, document.PlaceAt{Offset: 70 * i, Place: document.Place{Line: 2000 + 2*i, Anchor: "a-long-anchor-of-a-section"}})
	}
	if n := len(AppendPlaces(nil, document.Place{}, lines)); n > 340 {
		t.Errorf("100 lines of one section take %d bytes", n)
	}
}

// page is a page of words in lines, set justified.
func page(words int) []document.BoxAt {
	r := rand.New(rand.NewPCG(1, 2))
	var boxes []document.BoxAt
	left, top, at, gap := float32(72), float32(90), 0, float32(2.5)
	for range words {
		length := 1 + r.IntN(11)
		width := float32(length)*5.3 + float32(r.IntN(4))
		if left+width > 520 {
			left, top, gap = 72, top+13.4, 2+float32(r.IntN(5))/2
		}
		boxes = append(boxes, document.BoxAt{Start: at, End: at + length, Page: 3,
			Box: document.Box{Left: left, Top: top, Right: left + width, Bottom: top + 11}.Rounded()})
		at += length + 1
		left += width + gap
	}
	return boxes
}

func TestBoxes(t *testing.T) {
	list := append(page(50),
		document.BoxAt{Start: 400, End: 400 + 1<<20, Page: 1, Box: document.Box{Left: -document.MaxPoints, Top: document.MaxPoints, Right: document.MaxPoints, Bottom: document.MaxPoints}},
		document.BoxAt{Start: 401, End: 401, Page: 99, Box: document.Box{Left: document.MaxPoints, Top: -document.MaxPoints, Right: document.MaxPoints, Bottom: document.MaxPoints}})
	got, err := Boxes(AppendBoxes(nil, 2, list), 2)
	if err != nil || !reflect.DeepEqual(got, list) {
		t.Errorf("%+v, %v", got, err)
	}
	if n := len(AppendBoxes(nil, 3, page(200))); n > 800 {
		t.Errorf("200 words take %d bytes", n)
	}
}

func TestMalformed(t *testing.T) {
	good := AppendPlaces(nil, document.Place{}, places())
	if _, err := Places(good[:len(good)-1], document.Place{}); err == nil {
		t.Error("places that are cut were read")
	}
	for _, b := range []string{"\x00\x00", "\x01\xff\xff\x7f", strings.Repeat("\xff", 30)} {
		if got, err := Places([]byte(b), document.Place{}); b != "\x00\x00" && err == nil {
			t.Errorf("%q was read as %+v", b, got)
		}
		if got, err := Boxes([]byte(b), 1); b != "\x00\x00" && err == nil {
			t.Errorf("%q was read as %+v", b, got)
		}
	}
}

// FuzzPlaces checks that what is read is what is written again.
func FuzzPlaces(f *testing.F) {
	f.Add(AppendPlaces(nil, document.Place{}, places()))
	f.Add(AppendPlaces(nil, document.Place{Page: 1}, places()[:1]))
	f.Add(bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Places(b, document.Place{Page: 1})
		if err != nil {
			return
		}
		once := AppendPlaces(nil, document.Place{Page: 1}, got)
		again, err := Places(once, document.Place{Page: 1})
		if err != nil || len(again) != len(got) || !bytes.Equal(once, AppendPlaces(nil, document.Place{Page: 1}, again)) {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
	})
}

// FuzzBoxes does the same with boxes.
func FuzzBoxes(f *testing.F) {
	f.Add(AppendBoxes(nil, 1, page(30)))
	f.Add([]byte{0x10, 0})
	f.Add(bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Boxes(b, 1)
		if err != nil {
			return
		}
		again, err := Boxes(AppendBoxes(nil, 1, got), 1)
		if err != nil || !reflect.DeepEqual(got, again) {
			t.Fatalf("%+v became %+v, %v", got, again, err)
		}
		for _, x := range got {
			if x.Box != x.Box.Rounded() || x.End < x.Start || x.Page < 0 {
				t.Fatalf("%+v", x)
			}
		}
	})
}
