package office

import (
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// A story is what ECMA-376 calls a run of paragraphs that belong together: the
// main document, a header, the footnotes.

// style is what a paragraph style says.
type style struct {
	basedOn string
	level   int  // of the heading; 0 unknown, -1 explicitly body text
	list    bool // its paragraphs are items of a list
	number  string
	depth   int
	kind    document.BlockKind
}

// readStyles finds the styles that are headings: by their outline level, by
// the style they are based on, or by their name, which Word keeps in English
// where ids are in the language of the author.
func (d *docx) readStyles(name string) error {
	styles := map[string]*style{}
	var current *style
	err := d.eachElement(name, func(_ *xml.Decoder, e xml.StartElement) error {
		switch {
		case e.Name.Local == "style":
			current = &style{}
			styles[attr(e, "styleId")] = current
		case current == nil && e.Name.Local == "lang": // of the defaults
			d.language = attr(e, "val")
		case current == nil:
		case e.Name.Local == "name" && current.level == 0:
			current.level = headingName(attr(e, "val"))
			current.kind = styleKind(attr(e, "val"))
		case e.Name.Local == "basedOn":
			current.basedOn = attr(e, "val")
		case e.Name.Local == "outlineLvl":
			current.level = outlineLevel(e)
		case e.Name.Local == "numId":
			current.number = attr(e, "val")
			current.list = current.number != "0"
		case e.Name.Local == "ilvl":
			current.depth = max(0, levelOf(attr(e, "val")))
		}
		return nil
	})
	for id, own := range styles {
		resolved := *own
		// As many steps as a chain can have without being a circle.
		for s, steps := styles[own.basedOn], len(styles); s != nil && steps > 0; s, steps = styles[s.basedOn], steps-1 {
			if resolved.level == 0 {
				resolved.level = s.level
			}
			if resolved.number == "" {
				resolved.list, resolved.number, resolved.depth = s.list, s.number, max(resolved.depth, s.depth)
			}
			if resolved.kind == document.Paragraph {
				resolved.kind = s.kind
			}
		}
		resolved.level = max(0, resolved.level)
		d.styles[id] = resolved
	}
	return err
}

// headingName returns the level of a style named "heading 1" to "heading 9" or
// "Title", which ranks with level 1.
func headingName(name string) int {
	name = strings.ToLower(name)
	if name == "title" {
		return 1
	}
	if number, ok := strings.CutPrefix(name, "heading "); ok {
		if level, err := strconv.Atoi(number); err == nil && level >= 1 && level <= 9 {
			return level
		}
	}
	return 0
}

// styleKind returns the kind of the blocks of a style, by its name.
func styleKind(name string) document.BlockKind {
	switch strings.ToLower(name) {
	case "quote", "intense quote", "block text":
		return document.Quotation
	case "caption":
		return document.Caption
	case "html preformatted", "macro text", "code", "source code", "code block":
		return document.Code
	}
	return document.Paragraph
}

// outlineLevel returns the level, from 1, of an outlineLvl element, which
// counts from 0 and where 9 is body text: -1.
func outlineLevel(e xml.StartElement) int {
	if level, err := strconv.Atoi(attr(e, "val")); err == nil && level >= 0 && level <= 8 {
		return level + 1
	}
	return -1
}

// paragraph is what is known of a paragraph before its end.
type paragraph struct {
	start   int
	level   int // of the heading, 0 if it is none
	list    bool
	number  string // the id of the list
	depth   int    // of the list
	joined  bool   // what follows belongs to it: its mark was deleted
	kind    document.BlockKind
	started bool // its first run has come, and with it start is known
}

// story is a part while it is read.
type story struct {
	d           *docx
	paragraphs  []paragraph // open in each other: a text box stands in one
	tables      int         // how many are open in each other
	header      bool        // the row has the names of the columns
	runs, texts int         // open in each other
	properties  int         // how many properties of paragraphs are open
	raised      string      // how the run stands: "superscript", "subscript" or as others
	furniture   bool        // the part is repeated on the pages
	open        *paragraph  // whose mark was deleted, so that the next one goes on with it
	skip        int         // how many elements are open of which nothing is read
}

// story appends the text of a part.
func (d *docx) story(name string, furniture bool) error {
	s := story{d: d, furniture: furniture}
	return d.tokens(name, func(_ *xml.Decoder, token xml.Token) error {
		switch token := token.(type) {
		case xml.StartElement:
			s.start(token)
		case xml.EndElement:
			s.end(token.Name.Local)
		case xml.CharData:
			if s.texts > 0 && s.skip == 0 {
				s.text(clean(string(token)))
			}
		}
		if s.d.w.Full() {
			return errEnough
		}
		return nil
	})
}

// text writes a part of a run, apart from the word before it where it is raised or
// lowered.
func (s *story) text(text string) {
	w := s.d.w
	switch {
	case w.Owed(), strings.TrimSpace(text) == "":
	case s.raised == "superscript":
		text = structure.Raised(w.Tail(), text, false)
	case s.raised == "subscript":
		text = structure.Lowered(w.Tail(), text)
	}
	w.Raw(text)
}

// clean keeps the white space of a text run in one line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if structure.IsBreakingSpace(r) {
			return ' '
		}
		return r
	}, s)
}

// skipped tells what is not part of the text: what was deleted or moved away,
// the old properties that tracked changes keep, instructions of fields, and
// the copy of a drawing for programs that cannot show it.
func skipped(name string) bool {
	switch name {
	case "del", "moveFrom", "delText", "instrText", "delInstrText", "rPrChange", "pPrChange", "sectPrChange",
		"tblPrChange", "Fallback", "rt":
		return true
	}
	return false
}

func (s *story) start(e xml.StartElement) {
	w := s.d.w
	if p := s.current(); p != nil && s.properties > 0 && e.Name.Local == "del" {
		p.joined = true // its mark, and not what is in it
	}
	if skipped(e.Name.Local) {
		s.skip++
	}
	if s.skip > 0 {
		return
	}
	switch e.Name.Local {
	case "p":
		if strings.HasSuffix(e.Name.Space, "/math") {
			return
		}
		if s.open != nil {
			s.open.joined = false
			s.paragraphs = append(s.paragraphs, *s.open)
			s.open = nil
			return
		}
		w.Break(1)
		s.paragraphs = append(s.paragraphs, paragraph{})
	case "pPr":
		s.properties++
	case "framePr":
		if p := s.current(); p != nil && attr(e, "dropCap") != "" && attr(e, "dropCap") != "none" {
			p.joined = true // its letter is the first of the next one
		}
	case "pStyle":
		if p := s.current(); p != nil {
			style := s.d.styles[attr(e, "val")]
			p.level, p.kind = style.level, style.kind
			if p.number == "" {
				p.list, p.number, p.depth = style.list, style.number, style.depth
			}
		}
	case "outlineLvl":
		if p := s.current(); p != nil {
			p.level = max(0, outlineLevel(e))
		}
	case "numId":
		if p := s.current(); p != nil {
			p.number = attr(e, "val")
			p.list = p.number != "0"
		}
	case "ilvl":
		if p := s.current(); p != nil {
			p.depth = max(0, levelOf(attr(e, "val")))
		}
	case "tblHeader":
		s.header = attr(e, "val") != "0" && attr(e, "val") != "false"
	case "r":
		s.runs++
		s.raised = ""
		s.begin()
	case "vertAlign":
		if s.properties == 0 {
			s.raised = attr(e, "val")
		}
	case "sym":
		s.text(symbol(attr(e, "font"), attr(e, "char")))
	case "footnoteReference", "endnoteReference":
		w.Raw(structure.Raised(w.Tail(), s.d.note(e.Name.Local, attr(e, "id")), true))
	case "footnote", "endnote":
		s.startNote(e)
	case "docPr", "imagedata", "den", "sup", "sub":
		s.object(e)
	case "t":
		s.texts++
	case "tab", "ptab":
		if s.runs > 0 { // elsewhere it sets a tabulator
			w.Raw("\t")
		}
	case "br", "cr":
		w.Line()
	case "noBreakHyphen":
		w.Raw("\u2011")
	case "softHyphen":
		w.Raw("\u00AD")
	case "tbl":
		w.Break(2)
		s.tables++
	case "tr":
		if s.tables > 0 {
			w.Row()
			s.header = false
		}
	case "tc":
		if s.tables > 0 {
			w.Cell()
		}
	}
}

func (s *story) end(name string) {
	w := s.d.w
	if s.skip > 0 {
		if skipped(name) {
			s.skip--
		}
		return
	}
	switch name {
	case "pPr":
		s.properties = max(0, s.properties-1)
	case "fName":
		w.Raw(" ")
	case "p":
		if p := s.current(); p != nil {
			if p.joined && p.started {
				open := *p
				s.open = &open
				s.paragraphs = s.paragraphs[:len(s.paragraphs)-1]
				return
			}
			if p.list && !p.started {
				s.d.numbering.next(p.number, p.depth) // an empty one counts
			}
			if p.started && p.level > 0 {
				w.Heading(p.start, p.level)
			}
			if p.list && p.started && s.tables == 0 {
				w.EndItem()
			}
			s.paragraphs = s.paragraphs[:len(s.paragraphs)-1]
		}
		if s.tables == 0 {
			w.Break(1)
		}
		if p := s.current(); p != nil && p.started {
			w.Kind(p.block())
		}
	case "r":
		s.runs = max(0, s.runs-1)
	case "t":
		s.texts = max(0, s.texts-1)
	case "tr":
		w.EndRow(s.header)
	case "tbl":
		s.tables = max(0, s.tables-1)
		w.Break(2)
	}
}

// current is the innermost open paragraph, nil outside of any.
func (s *story) current() *paragraph {
	if len(s.paragraphs) == 0 {
		return nil
	}
	return &s.paragraphs[len(s.paragraphs)-1]
}

// begin sets a paragraph off from what is before it, once its properties are
// known: paragraphs by an empty line, items of lists and what is in cells by a
// line end.
func (s *story) begin() {
	p := s.current()
	if p == nil || p.started {
		return
	}
	p.started = true
	mark := ""
	if p.list {
		mark = s.d.numbering.next(p.number, p.depth)
	}
	switch {
	case p.list && mark != "" && s.tables == 0 && p.level == 0:
		s.d.w.Numbered(p.depth, mark)
		mark = ""
	case s.tables > 0:
		s.d.w.Break(1)
	default:
		s.d.w.Break(2)
	}
	p.start = s.d.w.Position()
	if s.furniture {
		s.d.w.Kind(document.Furniture, 0)
	} else {
		s.d.w.Kind(p.block())
	}
	if mark != "" && mark != "-" {
		s.d.w.Raw(mark + " ")
	}
}

// startNote begins a footnote or an endnote with its mark. Those of other types are
// the lines that part them from the text.
func (s *story) startNote(e xml.StartElement) {
	if t := attr(e, "type"); t != "" && t != "normal" {
		return
	}
	s.d.w.Break(2)
	s.d.w.Kind(document.Paragraph, 0)
	mark, ok := s.d.notesByID[e.Name.Local+attr(e, "id")]
	if !ok {
		return
	}
	s.d.w.Raw(structure.Raised("", mark, true))
	s.d.w.Text(" ")
	s.paragraphs = append(s.paragraphs[:0], paragraph{})
	s.open = &paragraph{started: true, start: s.d.w.Position()}
	s.paragraphs = s.paragraphs[:0]
}

// note returns the mark of a note that the text refers to: footnotes have numbers,
// endnotes small Roman ones.
func (d *docx) note(reference, id string) string {
	kind := strings.TrimSuffix(reference, "Reference")
	mark, ok := d.notesByID[kind+id]
	if !ok {
		d.notesOf[kind]++
		mark = strconv.Itoa(d.notesOf[kind])
		if kind == "endnote" {
			mark = formatted(d.notesOf[kind], "lowerRoman")
		}
		d.notesByID[kind+id] = mark
	}
	return mark
}

// object writes what stands for a picture, and what parts the numbers of a formula.
func (s *story) object(e xml.StartElement) {
	w := s.d.w
	math := strings.HasSuffix(e.Name.Space, "/math")
	switch name := e.Name.Local; {
	case math && name == "den":
		w.Raw("/")
	case math && name == "sup":
		w.Raw("^")
	case math && name == "sub":
		w.Raw("_")
	case math:
	case name == "docPr" || name == "imagedata":
		alt := strings.TrimSpace(clean(attr(e, "descr")))
		if name == "imagedata" {
			alt = strings.TrimSpace(clean(attr(e, "title")))
		}
		if alt == "" {
			s.d.pictures++
			return
		}
		if !strings.HasSuffix(w.Tail(), " ") {
			w.Text(" ")
		}
		w.Raw(alt)
		w.Text(" ")
	}
}

// block is the kind of the paragraph's blocks, and their level.
func (p *paragraph) block() (document.BlockKind, int) {
	if p.level > 0 {
		return document.Heading, p.level
	}
	return p.kind, 0
}
