// Package office reads the documents of office programs: DOCX.
package office

import (
	"archive/zip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// DOCX returns the format of Word documents (ECMA-376, WordprocessingML):
// paragraphs, headings by style or outline level, lists, tables with tabs
// between the cells, text boxes; of tracked changes the insertions and not the
// deletions. Headers and footers come once each, behind the text, as do
// footnotes, endnotes and comments.
func DOCX() extract.Format {
	return extract.Format{
		Name: "docx", Title: "a Word document",
		MediaTypes: []string{"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
		Extensions: []string{"docx", "docm", "dotx", "dotm"},
		Sniff:      looksLikeDOCX,
		Isolation:  extract.Subprocess,
		Lines:      extract.Paragraphs,
		Version:    2, Read: readDOCX,
	}
}

// looksLikeDOCX also takes what is named so and damaged or encrypted, so that
// the reader says what is wrong with it.
func looksLikeDOCX(s *extract.Sample) bool {
	if !s.IsZip() {
		return s.Named && s.IsOLE()
	}
	z, err := s.Zip()
	if err != nil {
		return s.Named
	}
	return slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.HasPrefix(f.Name, "word/") })
}

func readDOCX(ctx context.Context, in *extract.Input) (*extract.Text, error) {
	head, err := in.Head(4096)
	if err != nil {
		return nil, err
	}
	if (&extract.Sample{Head: head}).IsOLE() {
		return nil, fmt.Errorf("%w, or in the format before 2007: it is an OLE container", extract.ErrEncrypted)
	}
	z, err := in.OpenZip()
	if err != nil {
		return nil, err
	}
	d := &docx{ctx: ctx, in: in, parts: map[string]*zip.File{}, notesByID: map[string]string{}, notesOf: map[string]int{}, w: structure.NewWriter(in.Limits.TextBytes)}
	for _, f := range z.File {
		d.parts[strings.TrimPrefix(f.Name, "/")] = f
	}
	main, err := d.mainPart()
	if err != nil {
		return nil, err
	}
	if err := d.readAll(main); err != nil {
		return nil, err
	}
	t := new(extract.Text)
	d.w.Finish(t)
	t.SetLanguage(d.language)
	if t.Body == "" {
		return nil, fmt.Errorf("%w: the document holds no words", extract.ErrNoText)
	}
	if err := d.properties(t); err != nil {
		d.notes.Add("its properties cannot be read: %v", err)
	}
	if len(t.Headings) > 0 && noTitle(t.Title) {
		t.Title = t.Headings[0].Text
	}
	if d.pictures > 0 {
		t.LeaveOut("picture", d.pictures, 0)
	}
	if d.w.Full() {
		d.notes.Add("the text was cut at %s", extract.Bytes(in.Limits.TextBytes))
	}
	t.Note = d.notes.String()
	return t, nil
}

// noTitle reports whether a title says nothing: there is none, or it is the name of
// a file, or one that a program gave it.
func noTitle(title string) bool {
	lower := strings.ToLower(title)
	for _, prefix := range []string{"microsoft word", "untitled", "document", "dokument", "template", "word document"} {
		if rest, ok := strings.CutPrefix(lower, prefix); ok && (strings.Trim(rest, " -_0123456789") == "" || prefix == "microsoft word") {
			return true
		}
	}
	for _, suffix := range []string{".doc", ".docx", ".dot", ".dotx", ".docm", ".rtf", ".odt"} {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	return strings.TrimSpace(title) == ""
}

// docx is a Word document while it is read.
type docx struct {
	ctx      context.Context
	in       *extract.Input
	parts    map[string]*zip.File
	expanded int64
	styles   map[string]style // by id, with what they inherit
	language string           // of the text unless something else is said
	w        *structure.Writer
	notes    extract.Notes

	numbering *numbering // nil if there is none
	// The marks of footnotes and endnotes, and how many of each there are.
	notesByID map[string]string
	notesOf   map[string]int
	pictures  int // of which nothing is said
}

// mainPart finds the part that holds the text, by the package's relationships.
func (d *docx) mainPart() (string, error) {
	if d.parts["[Content_Types].xml"] == nil {
		return "", &extract.MismatchError{Want: d.in.Format.Title, Got: "a zip archive without [Content_Types].xml"}
	}
	found := "word/document.xml"
	if d.parts["_rels/.rels"] != nil {
		err := d.eachElement("_rels/.rels", func(_ *xml.Decoder, e xml.StartElement) error {
			if e.Name.Local == "Relationship" && strings.HasSuffix(attr(e, "Type"), "/officeDocument") {
				found = strings.TrimPrefix(path.Clean("/"+attr(e, "Target")), "/")
			}
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	if d.parts[found] == nil {
		return "", &extract.MismatchError{Want: d.in.Format.Title, Got: "a zip archive without " + extract.PartName(found)}
	}
	return found, nil
}

// readAll reads the text and then, each once and in the order of their names,
// the parts beside it. A damaged part beside the text is noted.
func (d *docx) readAll(main string) error {
	folder := path.Dir(main)
	styles := path.Join(folder, "styles.xml")
	d.styles = map[string]style{}
	if d.parts[styles] != nil {
		if err := d.readStyles(styles); err != nil {
			if fatal(err) {
				return err
			}
			d.notes.Add("the headings are not known: %v", err)
		}
	}
	if lists := path.Join(folder, "numbering.xml"); d.parts[lists] != nil {
		if err := d.readNumbering(lists); err != nil {
			if fatal(err) {
				return err
			}
			d.notes.Add("the numbers of lists are not known: %v", err)
		}
	}
	if err := d.story(main, false); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(d.parts)) {
		base := path.Base(name)
		if path.Dir(name) != folder || path.Ext(base) != ".xml" {
			continue
		}
		for _, prefix := range []string{"header", "footer", "footnotes.", "endnotes.", "comments."} {
			if !strings.HasPrefix(base, prefix) {
				continue
			}
			d.w.Break(2)
			if err := d.story(name, prefix == "header" || prefix == "footer"); err != nil {
				if fatal(err) {
					return err
				}
				d.notes.Add("%v", err)
			}
			break
		}
	}
	return nil
}

// fatal tells errors that end the reading of a document from damage to a part
// of it.
func fatal(err error) bool {
	return errors.Is(err, extract.ErrTooLarge) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// properties reads the title and the like.
func (d *docx) properties(t *extract.Text) error {
	const name = "docProps/core.xml"
	if d.parts[name] == nil {
		return nil
	}
	return d.eachElement(name, func(dec *xml.Decoder, e xml.StartElement) error {
		key, known := map[string]string{
			"title": "title", "creator": extract.MetaAuthor, "subject": extract.MetaSubject, "keywords": extract.MetaKeywords,
			"created": extract.MetaDate, "language": extract.MetaLanguage,
		}[e.Name.Local]
		if !known {
			return nil
		}
		token, err := dec.Token()
		if err != nil {
			return err
		}
		value, ok := token.(xml.CharData)
		switch {
		case !ok:
		case key == "title":
			t.Title = extract.OneLine(string(value))
		default:
			t.SetMeta(key, string(value))
			if key == extract.MetaLanguage {
				t.SetLanguage(string(value))
			}
		}
		return nil
	})
}

// eachElement calls f at the start of each element of a part.
func (d *docx) eachElement(name string, f func(*xml.Decoder, xml.StartElement) error) error {
	return d.tokens(name, func(dec *xml.Decoder, token xml.Token) error {
		if e, ok := token.(xml.StartElement); ok {
			return f(dec, e)
		}
		return nil
	})
}

// errEnough ends the reading of a part.
var errEnough = errors.New("enough")

// tokens calls f with each token of a part, as it is read from the archive.
func (d *docx) tokens(name string, f func(*xml.Decoder, xml.Token) error) error {
	r, err := extract.OpenPart(d.parts[name], d.in.Limits, &d.expanded)
	if err != nil {
		return err
	}
	defer r.Close()
	source := &tokenReader{ctx: d.ctx, r: r}
	dec := xml.NewDecoder(source)
	for depth := 0; ; {
		source.left = d.in.Limits.TextBytes
		token, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", extract.PartName(name), xmlError(err))
		}
		switch token.(type) {
		case xml.StartElement:
			if depth++; depth > d.in.Limits.Depth {
				return fmt.Errorf("reading %s: %w: elements nested deeper than %d", extract.PartName(name), extract.ErrTooLarge, d.in.Limits.Depth)
			}
		case xml.EndElement:
			depth--
		}
		if err := f(dec, token); err == errEnough {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading %s: %w", extract.PartName(name), xmlError(err))
		}
	}
}

// xmlError leaves out what an error of the decoder quotes of the text.
func xmlError(err error) error {
	if s, ok := errors.AsType[*xml.SyntaxError](err); ok && err == error(s) {
		return fmt.Errorf("its XML is damaged at line %d", s.Line)
	}
	return err
}

// tokenReader makes reading fail once the context has ended, and when a single
// token, which the decoder holds in memory as a whole, is longer than left.
type tokenReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (t *tokenReader) Read(p []byte) (int, error) {
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	if t.left <= 0 {
		return 0, fmt.Errorf("%w: a single element of it", extract.ErrTooLarge)
	}
	n, err := t.r.Read(p)
	t.left -= int64(n)
	return n, err
}

// attr returns the value of an attribute whatever its name space: documents
// of the strict and the transitional kind differ in nothing else.
func attr(e xml.StartElement, local string) string {
	for _, a := range e.Attr {
		if a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}
