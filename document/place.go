package document

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"
)

// Place is where something stands in a file, in the terms of its format. A
// format fills in what it has; what it does not have is absent. All numbers
// count from 1.
type Place struct {
	Page int `json:"page,omitempty"`
	// Line is a line of the file, Column the byte of that line.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	Slide  int `json:"slide,omitempty"`
	// Sheet is the name of a sheet and Cell the cell there, as "B7".
	Sheet string `json:"sheet,omitempty"`
	Cell  string `json:"cell,omitempty"`
	// Chapter is the title of a chapter of a book.
	Chapter string `json:"chapter,omitempty"`
	// Message is the ID or the number of a message of a mailbox or a chat.
	Message string `json:"message,omitempty"`
	// Time is counted from the beginning of a recording; nil where there is
	// none. JSON has it in nanoseconds.
	Time *time.Duration `json:"time_ns,omitempty"`
	// Anchor is the fragment of a URL that leads there, without the '#'.
	Anchor string `json:"anchor,omitempty"`
	// Box is where on the page; nil where that is not known.
	Box *Box `json:"box,omitempty"`
}

// Box is a rectangle of a page in points (1/72 inch), from the upper left
// corner of the page.
type Box struct {
	Left   float32 `json:"left"`
	Top    float32 `json:"top"`
	Right  float32 `json:"right"`
	Bottom float32 `json:"bottom"`
}

// Rounded returns the box with its numbers rounded to half a point. What is not a
// number becomes 0, and what is too large for a page the largest there is.
func (b Box) Rounded() Box {
	round := func(x float32) float32 {
		if x != x {
			return 0
		}
		return float32(math.Round(2*min(max(float64(x), -MaxPoints), MaxPoints)) / 2)
	}
	b = Box{round(b.Left), round(b.Top), round(b.Right), round(b.Bottom)}
	b.Right, b.Bottom = max(b.Left, b.Right), max(b.Top, b.Bottom)
	return b
}

// MaxPoints is the largest number of a rounded Box, and its negative the smallest.
const MaxPoints = 1 << 20

// PlaceAt is where the text from Offset on stands.
type PlaceAt struct {
	Offset int
	Place  Place
}

// BoxAt is where one word of a text stands on a page: its bytes are Start to End.
// Page counts from 1. The box is Rounded.
type BoxAt struct {
	Start, End int
	Page       int
	Box        Box
}

// IsZero reports whether nothing is known of the place.
func (p Place) IsZero() bool { return p.Equal(Place{}) }

// Equal reports whether both are the same place.
func (p Place) Equal(q Place) bool {
	sameTime := p.Time == nil && q.Time == nil || p.Time != nil && q.Time != nil && *p.Time == *q.Time
	sameBox := p.Box == nil && q.Box == nil || p.Box != nil && q.Box != nil && *p.Box == *q.Box
	p.Time, p.Box, q.Time, q.Box = nil, nil, nil, nil
	return sameTime && sameBox && p == q
}

// Until returns where something ends that begins at p and whose last byte stands
// at q: the parts of q that differ from p. A line counts without its column, and
// boxes and anchors have no range.
func (p Place) Until(q Place) Place {
	if p.Page == q.Page {
		q.Page = 0
	}
	if p.Line == q.Line {
		q.Line = 0
	}
	if p.Slide == q.Slide {
		q.Slide = 0
	}
	if p.Sheet == q.Sheet {
		q.Sheet = ""
	}
	if p.Cell == q.Cell {
		q.Cell = ""
	}
	if p.Chapter == q.Chapter {
		q.Chapter = ""
	}
	if p.Message == q.Message {
		q.Message = ""
	}
	if p.Time != nil && q.Time != nil && *p.Time == *q.Time {
		q.Time = nil
	}
	q.Column, q.Anchor, q.Box = 0, "", nil
	return q
}

// Compare orders places of one file as they follow each other there: by page,
// slide, line, column and time. Names have no order; places that differ in
// nothing else compare as equal.
func (p Place) Compare(q Place) int {
	return cmp.Or(
		cmp.Compare(p.Page, q.Page), cmp.Compare(p.Slide, q.Slide),
		cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column),
		cmp.Compare(p.offset(), q.offset()),
	)
}

func (p Place) offset() time.Duration {
	if p.Time == nil {
		return 0
	}
	return *p.Time
}

// String says where it is for people, from the largest part to the smallest, as
// "page 7" or "sheet Budget, cell B7". It is empty for the zero Place.
func (p Place) String() string { return Range(p, Place{}) }

// Range says for people where something is that begins at the one place and
// ends at the other: "pages 7-8". Parts that last does not have are those of
// first.
func Range(first, last Place) string {
	var parts []string
	number := func(name string, a, b int) {
		switch {
		case a == 0:
		case b != 0 && b != a:
			parts = append(parts, fmt.Sprintf("%ss %d-%d", name, a, b))
		default:
			parts = append(parts, fmt.Sprintf("%s %d", name, a))
		}
	}
	text := func(name, a, b string) {
		switch {
		case a == "":
		case b != "" && b != a:
			parts = append(parts, fmt.Sprintf("%s %s-%s", name, a, b))
		default:
			parts = append(parts, name+" "+a)
		}
	}
	text("message", first.Message, last.Message)
	text("chapter", first.Chapter, last.Chapter)
	number("page", first.Page, last.Page)
	number("slide", first.Slide, last.Slide)
	text("sheet", first.Sheet, last.Sheet)
	text("cell", first.Cell, last.Cell)
	number("line", first.Line, last.Line)
	if first.Time != nil {
		end := ""
		if last.Time != nil && *last.Time != *first.Time {
			end = "-" + clock(*last.Time)
		}
		parts = append(parts, clock(*first.Time)+end)
	}
	return strings.Join(parts, ", ")
}

// clock is a time of a recording as players show it.
func clock(d time.Duration) string {
	d = d.Truncate(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%02d", h, m, s)
	}
	return fmt.Sprintf("%d:%02d", m, s)
}
