package albertsearch

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// Citation says where a piece of text stands.
type Citation struct {
	// ID is the document's key in the index, Path its file.
	ID       string            `json:"id"`
	Path     string            `json:"path"`
	Title    string            `json:"title,omitempty"`
	Type     string            `json:"type"`
	Modified time.Time         `json:"modified,omitzero"`
	Metadata map[string]string `json:"metadata,omitempty"`
	// Place is where the text begins. A format has only some of its parts: no
	// page where there are no pages.
	document.Place
	// Last is where the text ends, in the parts that differ from Place; nil for
	// text that stands in one place.
	Last *document.Place `json:"last,omitempty"`
	// Boxes are where the text stands on its pages, one for each line; nil where
	// that is not known.
	Boxes []PageBox `json:"boxes,omitempty"`
	// Heading is the path of headings that leads to the text, outermost first.
	Heading []string `json:"heading,omitempty"`
	// Start and End are the byte range in the document's extracted text, which
	// for text formats in UTF-8 is the file, less a byte order mark.
	Start int `json:"start"`
	End   int `json:"end"`
	// Passage is where the passage stands that has the text; nil if the text is
	// the passage.
	Passage *CitedPassage `json:"passage,omitempty"`
	// Changed says that the file has other content than when it was indexed, Gone
	// that there is no such file any more, or no such part of it. Both are false
	// where that cannot be told, as of what was no file.
	Changed bool `json:"changed,omitempty"`
	Gone    bool `json:"gone,omitempty"`
}

// CitedPassage is where a passage stands, in the terms of Citation.
type CitedPassage struct {
	document.Place
	Last  *document.Place `json:"last,omitempty"`
	Start int             `json:"start"`
	End   int             `json:"end"`
	// Places and Boxes are those of parts of the passage.
	Places []document.PlaceAt `json:"-"`
	Boxes  []document.BoxAt   `json:"-"`
}

// PageBox is a rectangle of a page.
type PageBox struct {
	Page int `json:"page"`
	document.Box
}

// cite returns the citation of the passage.
func cite(p index.Stored) Citation {
	c := Citation{
		ID: p.Doc.ID, Path: p.Doc.Path, Title: p.Doc.Title, Type: p.Doc.Type,
		Modified: p.Doc.Modified, Metadata: p.Doc.Metadata,
		Place: p.Place, Heading: p.Heading,
		Start: p.Start, End: p.End,
	}
	if !p.Last.IsZero() {
		c.Last = &p.Last
	}
	c.Passage = &CitedPassage{Place: c.Place, Last: c.Last, Start: c.Start, End: c.End, Places: p.Places, Boxes: p.Boxes}
	return c
}

// citeFirst returns the citation of a passage that says where the first of the
// ranges stands. Start and End are those of the passage.
func citeFirst(p index.Stored, ranges []index.Range) Citation {
	c := cite(p)
	if len(ranges) > 0 {
		c = c.Part(p.Text, ranges[0])
		c.Start, c.End = p.Start, p.End
	}
	return c
}

// Where says for people where the text stands in its document, as "page 7" or
// "lines 3-5"; it is empty where the format has no places.
func (c Citation) Where() string {
	var last document.Place
	if c.Last != nil {
		last = *c.Last
	}
	return document.Range(c.Place, last)
}

// At says where the text stands as it is written behind the path of its document,
// in a form that ShowRequest.Place takes with or without what it begins with:
// ":12", ":12-14", "#install, line 12", ", page 7". It is empty where the format
// has no places.
func (c Citation) At() string {
	if c.Line > 0 && c.Anchor == "" {
		if c.Last != nil && c.Last.Line > 0 {
			return fmt.Sprintf(":%d-%d", c.Line, c.Last.Line)
		}
		return fmt.Sprintf(":%d", c.Line)
	}
	var at string
	if c.Anchor != "" {
		at = "#" + c.Anchor
	}
	if where := c.Where(); where != "" {
		at += ", " + where
	}
	return at
}

// Part returns the citation of the byte range r of text, which is the text of the
// passage that c is of.
func (c Citation) Part(text string, r index.Range) Citation {
	p := c.passage()
	c.Passage = &p
	c.Start, c.End = p.Start+r.Start, p.Start+r.End
	c.Place = p.at(text, r.Start)
	last := c.Place
	if r.End > r.Start {
		last = p.at(text, r.End-1)
	}
	last = c.Place.Until(last)
	if len(p.Places) == 0 && p.Last != nil {
		// It ends in another place, and it is not known where that begins.
		line := last.Line
		if last = *p.Last; c.Column > 0 {
			last.Line, last.Column = line, 0
		}
	}
	if c.Last = nil; !last.IsZero() {
		c.Last = &last
	}
	c.Boxes = boxesOf(p.Boxes, r)
	return c
}

// passage is where the passage stands that c is of.
func (c Citation) passage() CitedPassage {
	if c.Passage != nil {
		return *c.Passage
	}
	return CitedPassage{Place: c.Place, Last: c.Last, Start: c.Start, End: c.End}
}

// at is where a byte of the passage stands. A column says that lines and columns
// follow from the text.
func (p *CitedPassage) at(text string, offset int) document.Place {
	place := p.Place
	if n := sort.Search(len(p.Places), func(i int) bool { return p.Places[i].Offset > offset }); n > 0 {
		place = p.Places[n-1].Place
	}
	if p.Column == 0 {
		return place
	}
	before := text[:offset]
	place.Line, place.Column = p.Line+strings.Count(before, "\n"), p.Column+offset
	if end := strings.LastIndexByte(before, '\n'); end >= 0 {
		place.Column = offset - end
	}
	return place
}

// boxesOf joins the boxes of words that are in the range, line by line.
func boxesOf(words []document.BoxAt, r index.Range) []PageBox {
	var boxes []PageBox
	for _, w := range words[sort.Search(len(words), func(i int) bool { return words[i].End > r.Start }):] {
		switch n := len(boxes) - 1; {
		case w.Start >= r.End:
			return boxes
		case n >= 0 && boxes[n].Page == w.Page && boxes[n].Top < w.Box.Bottom && w.Box.Top < boxes[n].Bottom && boxes[n].Left <= w.Box.Left:
			boxes[n].Top, boxes[n].Bottom = min(boxes[n].Top, w.Box.Top), max(boxes[n].Bottom, w.Box.Bottom)
			boxes[n].Right = max(boxes[n].Right, w.Box.Right)
		default:
			boxes = append(boxes, PageBox{w.Page, w.Box})
		}
	}
	return boxes
}
