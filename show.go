package albertsearch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/errkind"
)

// Errors of Show.
var (
	// ErrNoDocument: the index has no such document.
	ErrNoDocument = errors.New("the index has no such document")
	// ErrNoPlace: the document has no such place.
	ErrNoPlace = errors.New("the document has no such place")
)

// ShowRequest asks for the text of a document, or of a place there.
type ShowRequest struct {
	// Document is the ID or the Path of a document, perhaps with a place behind it
	// as citations have it: "/notes/gears.md:12", "/a.pdf, page 7".
	Document string
	// Place is a place, as Citation.At and document.Place.String write them and in
	// some shorter forms: a line ("12", "12:5", "12-14"), a page ("p7", "page 7"), an
	// anchor ("#install"), a byte range of the extracted text ("@120-180"). Empty
	// means that at the end of Document, and if there is none the whole document.
	Place string
	// Context is how many lines are shown before and behind; nil means 3 around
	// lines and bytes, and none around other places.
	Context *int
}

// ShowResult is the text of a document as the index has it. White space between two
// passages, which the index does not have, is made up.
type ShowResult struct {
	ID       string            `json:"id"`
	Path     string            `json:"path"`
	Title    string            `json:"title,omitempty"`
	Type     string            `json:"type"`
	Metadata map[string]string `json:"metadata,omitempty"`
	// Bytes is the length of the whole text.
	Bytes int `json:"bytes"`
	// Parts are what was asked for, in the order of the text: several where a place
	// is in several parts of it.
	Parts []ShownPart `json:"parts"`
	// LeftOut is what the reader left out of the text because nobody sees it.
	LeftOut []document.LeftOut `json:"left_out"`
	// Furniture is how much of the text belongs to the page and not to the text.
	Furniture FurnitureShare `json:"furniture"`
	// Note says what of the document could not be read; empty if nothing.
	Note string `json:"note,omitempty"`
}

// FurnitureShare counts the passages of furniture of a document, and their bytes.
type FurnitureShare struct {
	Passages int `json:"passages"`
	Bytes    int `json:"bytes"`
}

// ShownPart is a part of a document that is shown.
type ShownPart struct {
	// Place and Last are where what was asked for begins and ends.
	document.Place
	Last *document.Place `json:"last,omitempty"`
	// Heading is the path of headings that leads to it.
	Heading []string `json:"heading,omitempty"`
	// Start and End are the byte range of Text in the document's text, and Asked
	// that of what was asked for in Text: the rest is context.
	Start int         `json:"start"`
	End   int         `json:"end"`
	Asked index.Range `json:"asked"`
	Text  string      `json:"text"`
}

// Where says for people where the part stands.
func (p ShownPart) Where() string { return Citation{Place: p.Place, Last: p.Last}.Where() }

// At is Citation.At of the part.
func (p ShownPart) At() string { return Citation{Place: p.Place, Last: p.Last}.At() }

// Show returns the text of a document, or of a place there, from the index. The
// file need not be there any more. The error is an ErrNoDocument or an ErrNoPlace
// where there is none, and of the kind "usage" where several documents are meant.
func (e *Engine) Show(ctx context.Context, r ShowRequest) (*ShowResult, error) {
	if r.Context != nil && *r.Context < 0 {
		return nil, errkind.Errorf(errkind.Usage, "context is %d lines: it must not be negative", *r.Context)
	}
	var res *ShowResult
	err := e.read(ctx, func(s index.Snapshot) error {
		info, place, err := findShown(ctx, s, r)
		if err != nil {
			return err
		}
		if info.State != index.Indexed {
			return fmt.Errorf("%w that could be read: %s: %s", ErrNoDocument, info.Path, info.Reason)
		}
		passages, err := s.DocumentPassages(ctx, info.ID)
		if err != nil {
			return fmt.Errorf("passages of %s: %w", info.ID, err)
		}
		res, err = show(info, passages, place, r.Context)
		return err
	})
	return res, err
}

func show(info *index.Info, passages []index.Stored, place string, lines *int) (*ShowResult, error) {
	t := newShownText(info, passages)
	ranges, around, err := t.find(place)
	if err != nil {
		return nil, err
	}
	if lines != nil {
		around = *lines
	}
	res := &ShowResult{
		ID: info.ID, Path: info.Path, Title: info.Title, Type: info.Type, Metadata: info.Metadata, Bytes: info.Bytes,
		Parts: []ShownPart{}, LeftOut: append([]document.LeftOut{}, info.LeftOut...), Note: info.Reason,
	}
	for _, p := range passages {
		if p.Furniture {
			res.Furniture.Passages++
			res.Furniture.Bytes += p.End - p.Start
		}
	}
	for _, r := range ranges {
		res.Parts = append(res.Parts, t.part(r, around))
	}
	return res, nil
}

// findShown returns the document that is asked for and the place in it.
func findShown(ctx context.Context, s index.Snapshot, r ShowRequest) (*index.Info, string, error) {
	names := []named{{r.Document, r.Place}}
	if r.Place == "" {
		names = namesIn(r.Document)
	}
	for _, n := range names {
		info, err := s.Document(ctx, n.document)
		if err != nil {
			return nil, "", err
		}
		if info != nil {
			return info, n.place, nil
		}
	}
	// Not an ID: then a path, which several documents may have.
	best := len(names)
	var found []*index.Info
	for info, err := range s.Documents(ctx, "") {
		if err != nil {
			return nil, "", err
		}
		i := slices.IndexFunc(names, func(n named) bool { return n.document == info.Path })
		if i < 0 || i > best {
			continue
		}
		if i < best {
			best, found = i, nil
		}
		found = append(found, info)
	}
	switch {
	case len(found) == 0:
		return nil, "", fmt.Errorf("%w: %s", ErrNoDocument, r.Document)
	case len(found) > 1:
		return nil, "", errkind.Errorf(errkind.Usage, "%s has %d documents: name one, such as %s", names[best].document, len(found), found[0].ID)
	}
	return found[0], names[best].place, nil
}

// named is a document and a place in it.
type named struct{ document, place string }

// namesIn returns what a document with a place behind it can mean, the longest name
// of a document first: names may have in them what places begin with.
func namesIn(s string) []named {
	names := []named{{s, ""}}
	for i := len(s) - 1; i > 0; i-- {
		if s[i] == ':' || s[i] == '#' || s[i] == ',' {
			names = append(names, named{s[:i], s[i:]})
		}
	}
	return names
}

// shownText is the text of a document, put together from its passages.
type shownText struct {
	body     string
	passages []index.Stored
	// verbatim says that lines and columns follow from the body.
	verbatim bool
	places   []document.PlaceAt
}

// newShownText joins passages, which are in order. Where two overlap, the text is
// taken once; what is between them is white space, of the same length.
func newShownText(info *index.Info, passages []index.Stored) *shownText {
	t := &shownText{passages: passages}
	var b strings.Builder
	b.Grow(info.Bytes)
	for _, p := range passages {
		t.verbatim = t.verbatim || p.Place.Column > 0
		if p.Start > b.Len() {
			lines := 0
			if p.Place.Column > 0 {
				lines = p.Place.Line - 1 - strings.Count(b.String(), "\n")
			}
			fillGap(&b, p.Start-b.Len(), lines, p.Place.Column)
		}
		known := b.Len()
		if p.Start >= known || len(t.places) == 0 {
			t.places = append(t.places, document.PlaceAt{Offset: p.Start, Place: p.Place})
		}
		for _, at := range p.Places {
			if at.Offset += p.Start; at.Offset >= known {
				t.places = append(t.places, at)
			}
		}
		if p.End > known && known >= p.Start {
			b.WriteString(p.Text[known-p.Start:])
		}
	}
	t.body = b.String()
	return t
}

// fillGap writes the n bytes of white space before a passage: so many line ends that
// it stands in its line, and behind them so much that it stands in its column. Where
// the text has no lines, column is 0.
func fillGap(b *strings.Builder, n, lines, column int) {
	if column == 0 && b.Len() > 0 {
		lines = 2
	}
	lines = min(max(lines, 0), n)
	indent := 0
	if lines > 0 && column > 0 {
		indent = min(column-1, n-lines)
	}
	b.WriteString(strings.Repeat(" ", n-lines-indent))
	b.WriteString(strings.Repeat("\n", lines))
	b.WriteString(strings.Repeat(" ", indent))
}

// part returns a range with so many lines around it.
func (t *shownText) part(r index.Range, around int) ShownPart {
	start, end := t.lineStart(r.Start), t.lineEnd(max(r.Start, r.End-1))
	for range around {
		if start > 0 {
			start = t.lineStart(start - 1)
		}
		if end < len(t.body) {
			end = t.lineEnd(end)
		}
	}
	p := ShownPart{Place: t.at(r.Start), Start: start, End: end, Text: t.body[start:end]}
	p.Asked = index.Range{Start: r.Start - start, End: r.End - start}
	if r.End > r.Start {
		if last := p.Place.Until(t.at(r.End - 1)); !last.IsZero() {
			p.Last = &last
		}
	}
	for i := range t.passages {
		if q := &t.passages[i]; q.Start <= r.Start && !q.Furniture {
			p.Heading = q.Heading
		}
	}
	return p
}

// lineStart is where the line of a byte begins, lineEnd where it ends, with its line
// end.
func (t *shownText) lineStart(at int) int { return strings.LastIndexByte(t.body[:at], '\n') + 1 }

func (t *shownText) lineEnd(at int) int {
	if n := strings.IndexByte(t.body[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(t.body)
}

// at is where a byte stands.
func (t *shownText) at(offset int) document.Place {
	var place document.Place
	for _, p := range t.places {
		if p.Offset > offset {
			break
		}
		place = p.Place
	}
	if t.verbatim {
		place.Line = 1 + strings.Count(t.body[:offset], "\n")
		place.Column = offset - t.lineStart(offset) + 1
	}
	return place
}
