package extract

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/albert-search/albert-search/document"
)

// Text is what was read from a document.
type Text struct {
	// Body is valid UTF-8. All offsets are byte offsets into it.
	Body  string
	Title string
	// Type is the Name of the Format, Version that of its reader. The Extractor
	// sets both, and Verbatim.
	Type    string
	Version int
	// Blocks are what the Body is made of; see document.Block.
	Blocks []document.Block
	// Headings are the outline, in ascending order of Start. A title that
	// stands in the Body is a block of kind Heading as well.
	Headings []Heading
	// Places say where in the file the text from an offset on stands. They are
	// in ascending order of Offset; of several with the same Offset the last
	// counts. What is before the first has no place. Of a Verbatim text neither
	// lines nor columns are among them: they follow from the Body. Another text may
	// have the lines of its file here, and no columns.
	Places []PlaceAt
	// Boxes are where words stand on their pages, in ascending order of Start, at
	// most MaxBoxes. The Extractor rounds them.
	Boxes []document.BoxAt
	// Verbatim reports that the lines of Body are the lines of the file, so
	// that an editor can be sent to them.
	Verbatim bool
	// Language is that of most of the document as it declares it, a BCP 47 tag
	// in canonical form; empty where it does not.
	Language string
	Metadata map[string]string
	// Note says what could not be read although the rest was ("3 of 9 pages
	// have no text"); empty when all was read.
	Note string
	// LeftOut is what of the file is not in the Body because nobody sees it.
	LeftOut []document.LeftOut
}

// Heading is a title of a part of a document. The part reaches to the next
// heading of the same or a smaller Level.
type Heading struct {
	// Start is where the part begins: the start of a block, or a place inside
	// of one where the title is not known to stand in the Body.
	Start int
	Level int // 1 is the outermost
	Text  string
}

// PlaceAt is where the text from Offset on stands.
type PlaceAt = document.PlaceAt

// Place returns where the byte at offset stands.
func (t *Text) Place(offset int) document.Place { return t.Locator().At(offset) }

// Locator returns a Locator of the text.
func (t *Text) Locator() *Locator { return &Locator{text: t, line: 1} }

// Locator finds the places of ascending offsets, all of them in the time that
// it takes to read the text once.
type Locator struct {
	text            *Text
	places          int // how many of Text.Places begin at or before the offset
	line, lineStart int
	seen            int
}

// At returns where the byte at offset stands. offset must not be smaller than
// that of the call before.
func (l *Locator) At(offset int) document.Place {
	t := l.text
	offset = min(max(offset, l.seen), len(t.Body))
	rest := t.Places[l.places:]
	l.places += sort.Search(len(rest), func(i int) bool { return rest[i].Offset > offset })
	var p document.Place
	if l.places > 0 {
		p = t.Places[l.places-1].Place
	}
	if t.Verbatim {
		passed := t.Body[l.seen:offset]
		l.line += strings.Count(passed, "\n")
		if n := strings.LastIndexByte(passed, '\n'); n >= 0 {
			l.lineStart = l.seen + n + 1
		}
		p.Line, p.Column = l.line, offset-l.lineStart+1
	}
	l.seen = offset
	return p
}

// SetLanguage sets the Language to what a document declares, if that is a tag
// of BCP 47 or nearly one ("en_US").
func (t *Text) SetLanguage(declared string) {
	const longest = 100
	declared = strings.TrimSpace(declared)
	if declared == "" || len(declared) > longest {
		return
	}
	if tag, err := language.Parse(declared); err == nil && tag != language.Und {
		t.Language = tag.String()
	}
}

// LanguageDetector tells in which language a text is written.
type LanguageDetector interface {
	// DetectLanguage returns a BCP 47 tag in canonical form, and "" if it
	// cannot tell.
	DetectLanguage(text string) string
}

// DetectLanguage sets the Language to what d says, where the document does not
// declare it. d may be nil.
func (t *Text) DetectLanguage(d LanguageDetector) {
	if t.Language == "" && d != nil {
		t.Language = d.DetectLanguage(t.Body)
	}
}

// errInvalid: a reader does not keep what a Text promises.
var errInvalid = errors.New("its reader gave an invalid text")

// Check returns an error unless the text is what its fields promise: blocks
// cover the Body, offsets are in it and in order, all text is valid UTF-8.
func (t *Text) Check() error {
	for _, check := range []func() error{t.checkBlocks, t.checkHeadings, t.checkPlaces, t.checkBoxes, t.checkLeftOut} {
		if err := check(); err != nil {
			return err
		}
	}
	if !utf8.ValidString(t.Body) || !utf8.ValidString(t.Title) {
		return fmt.Errorf("%w: not UTF-8", errInvalid)
	}
	return nil
}

func (t *Text) checkBlocks() error {
	if len(t.Blocks) > MaxBlocks {
		return fmt.Errorf("%w: %d blocks", errInvalid, len(t.Blocks))
	}
	at := 0
	for i, b := range t.Blocks {
		switch {
		case b.Start != at || b.End <= b.Start || b.End > len(t.Body):
			return fmt.Errorf("%w: block %d is %d..%d after %d of %d bytes", errInvalid, i, b.Start, b.End, at, len(t.Body))
		case b.Kind > document.Furniture || b.Level < 0:
			return fmt.Errorf("%w: block %d is of kind %d and level %d", errInvalid, i, b.Kind, b.Level)
		case !utf8.RuneStart(t.Body[b.Start]):
			return fmt.Errorf("%w: block %d begins inside a character", errInvalid, i)
		}
		at = b.End
	}
	if at != len(t.Body) {
		return fmt.Errorf("%w: blocks cover %d of %d bytes", errInvalid, at, len(t.Body))
	}
	return nil
}

func (t *Text) checkHeadings() error {
	at := 0
	for i, h := range t.Headings {
		if h.Start < at || h.Start >= len(t.Body) || h.Level < 1 || h.Text == "" || !utf8.ValidString(h.Text) || !utf8.RuneStart(t.Body[h.Start]) {
			return fmt.Errorf("%w: heading %d, of level %d at %d after %d of %d bytes", errInvalid, i, h.Level, h.Start, at, len(t.Body))
		}
		at = h.Start
	}
	return nil
}

func (t *Text) checkPlaces() error {
	if len(t.Places) > MaxPlaces {
		return fmt.Errorf("%w: %d places", errInvalid, len(t.Places))
	}
	at := 0
	for i, p := range t.Places {
		if p.Offset < at || p.Offset > len(t.Body) || p.Place.Column != 0 {
			return fmt.Errorf("%w: place %d is at %d after %d of %d bytes", errInvalid, i, p.Offset, at, len(t.Body))
		}
		at = p.Offset
	}
	return nil
}

func (t *Text) checkBoxes() error {
	at := 0
	for i, b := range t.Boxes {
		if b.Start < at || b.End < b.Start || b.End > len(t.Body) || b.Page < 1 || b.Box != b.Box.Rounded() {
			return fmt.Errorf("%w: box %d is of %d..%d after %d of %d bytes, on page %d, %+v", errInvalid, i, b.Start, b.End, at, len(t.Body), b.Page, b.Box)
		}
		at = b.Start
	}
	return nil
}

func (t *Text) checkLeftOut() error {
	for _, l := range t.LeftOut {
		if l.What == "" || len(l.What) > MaxTitle || !utf8.ValidString(l.What) || l.Count < 1 || l.Bytes < 0 {
			return fmt.Errorf("%w: left out are %d of %.100q, of %d bytes", errInvalid, l.Count, l.What, l.Bytes)
		}
	}
	return nil
}

// roundBoxes rounds the Boxes and drops those that are too many.
func (t *Text) roundBoxes() {
	t.Boxes = t.Boxes[:min(len(t.Boxes), MaxBoxes)]
	for i := range t.Boxes {
		t.Boxes[i].Box = t.Boxes[i].Box.Rounded()
	}
}
