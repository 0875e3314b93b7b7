// Package pdf reads PDF documents, with PDFium in a WebAssembly sandbox.
package pdf

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klippa-app/go-pdfium"

	"github.com/albert-search/albert-search/ingest/extract"
)

//go:generate ../../../scripts/python testdata/make_pdf.py

// Format returns the format PDF: the text layer page by page with what was typed
// into forms and notes, the title and other metadata, and headings by the outline
// or, where there is none, by their type. Running heads, feet and page numbers
// are blocks of kind Furniture, which do not part a paragraph that goes on over
// a page. A document that a user password protects is a failure, one that merely
// forbids copying or printing (an owner password) is read. Words hyphenated at
// the end of a line stay so.
func Format() extract.Format {
	return extract.Format{
		Name: "pdf", Title: "a PDF document",
		MediaTypes: []string{"application/pdf"},
		Extensions: []string{"pdf"},
		Sniff:      looksLikePDF,
		Isolation:  extract.WASM,
		// 2: what is read is put together from where the characters stand.
		Version: 2, Open: open,
	}
}

func looksLikePDF(s *extract.Sample) bool {
	const header = "%PDF-"
	// Readers of PDF accept rubbish before the header, and files have it; but
	// a text may speak of "%PDF-".
	return bytes.HasPrefix(s.Head, []byte(header)) ||
		s.Named && bytes.Contains(s.Head[:min(len(s.Head), 1024)], []byte(header))
}

// reader is the extract.Reader.
type reader struct {
	engine *engine
}

func open(o extract.Options) extract.Reader {
	return &reader{engine: newEngine(o.CacheDir, o.Limits.Memory)}
}

// Close stops the engine and waits for the PDFs that are being read, which
// fail.
func (r *reader) Close() error { return r.engine.close() }

// Read reads a file.
func (r *reader) Read(ctx context.Context, in *extract.Input) (t *extract.Text, err error) {
	in.StopClock()
	err = r.engine.do(ctx, func(instance pdfium.Pdfium) error {
		in.StartClock()
		c, err := newRaw(ctx, instance)
		if err != nil {
			return notStarted(err)
		}
		d := file{raw: c, in: in, text: new(extract.Text)}
		t = d.text
		return d.read(ctx)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// file is a document while it is read.
type file struct {
	*raw
	in    *extract.Input
	text  *extract.Text
	doc   uint64
	form  uint64 // the environment of forms, once there is a field
	pages pageReader
	body  bodyWriter
	notes extract.Notes
	found counts
}

// counts is what was found of pages that give less text than they show.
type counts struct {
	pictures int // pages without text that have a picture
	drawn    int // pages without text on which something is drawn
	unmapped int // pages without text whose fonts have no Unicode
	partly   int // pages with some text, some of whose letters have no Unicode
	damaged  int
	text     int // pages with text
}

// What FPDF_GetLastError says.
const (
	errorFile     = 2
	errorFormat   = 3
	errorPassword = 4
	errorSecurity = 5
)

func (d *file) read(ctx context.Context) error {
	if err := d.open(); err != nil {
		return err
	}
	count := d.int("FPDF_GetPageCount", d.doc)
	switch {
	case d.err != nil:
		return d.crashed(d.err)
	case count <= 0:
		return errors.New("damaged PDF: it has no pages; it may be cut off")
	}
	d.readMetadata()
	d.body.total, d.body.size = count, bodySize{}
	d.pages = pageReader{raw: d.raw, fonts: map[uint64]*fontInfo{}}
	if err := d.readPages(ctx, count); err != nil {
		return err
	}
	var outline []entry
	if ctx.Err() == nil && d.err == nil {
		outline = d.outline()
	}
	d.body.put(d.text, outline, d.in.Limits.TextBytes)
	d.text.Note = d.notes.String()
	return nil
}

// open opens the document.
func (d *file) open() error {
	access, _, err := d.files.CreateFileAccessReader(d.in.Size, io.NewSectionReader(d.in, 0, d.in.Size))
	if err != nil {
		return d.crashed(err)
	}
	if d.doc = d.call("FPDF_LoadCustomDocument", *access, 0); d.doc != 0 {
		return nil
	}
	code := d.call("FPDF_GetLastError")
	if d.err != nil {
		return d.crashed(d.err)
	}
	switch uint32(code) {
	case errorPassword:
		return extract.ErrEncrypted
	case errorSecurity:
		return fmt.Errorf("%w, in a way that cannot be read", extract.ErrEncrypted)
	case errorFile, errorFormat:
		return errors.New("damaged PDF: its structure cannot be read; it may be cut off")
	}
	return d.crashed(fmt.Errorf("error %d", code))
}

// readPages reads the pages. When the time is up, or the memory, what there is
// of the text by then is enough.
func (d *file) readPages(ctx context.Context, count int) error {
	read := min(count, d.in.Limits.Pages)
	for i := range read {
		p := d.page(i)
		if d.err != nil || ctx.Err() != nil {
			if d.found.text == 0 || ctx.Err() != nil && context.Cause(ctx) != extract.ErrTooSlow {
				return cmp.Or(ctx.Err(), d.crashed(d.err))
			}
			if ctx.Err() != nil {
				d.notes.Add("only %d of %d pages were read within %v", i, count, d.in.Limits.Time)
			} else {
				d.notes.Add("only %d of %d pages were read: %s", i, count, d.crashed(d.err))
			}
			read = count // and no more to be said of it
			break
		}
		d.body.add(p)
		if int64(d.body.b.Len()) > d.in.Limits.TextBytes {
			d.notes.Add("the text was cut at %s, on page %d of %d", extract.Bytes(d.in.Limits.TextBytes), d.body.pageOf(d.in.Limits.TextBytes), count)
			read = count
			break
		}
	}
	d.body.finish()
	if d.found.text == 0 {
		return d.nothing(count)
	}
	if int64(d.body.b.Len()) > d.in.Limits.TextBytes && read < count || int64(d.body.b.Len()) > d.in.Limits.TextBytes && count <= nearPages {
		d.notes.Add("the text was cut at %s, on page %d of %d", extract.Bytes(d.in.Limits.TextBytes), d.body.pageOf(d.in.Limits.TextBytes), count)
	}
	d.describe(count)
	if read < count {
		d.notes.Add("only the first %d of %d pages were read", read, count)
	}
	return nil
}

// nothing says why a document has no text at all.
func (d *file) nothing(count int) error {
	f := &d.found
	switch {
	case f.damaged > 0:
		return fmt.Errorf("damaged PDF: %d of %d pages cannot be read", f.damaged, count)
	case f.unmapped > 0:
		return fmt.Errorf("%w: the fonts on %d of %d pages do not say which letters they draw", extract.ErrNoText, f.unmapped, count)
	case f.pictures > 0:
		return fmt.Errorf("%w: none on any of %d pages; perhaps they are scanned pictures", extract.ErrNoText, count)
	case f.drawn > 0:
		return fmt.Errorf("%w: none on any of %d pages; there are only drawings on them", extract.ErrNoText, count)
	}
	return fmt.Errorf("%w: none on any of %d pages; they are blank", extract.ErrNoText, count)
}

// describe notes what has less text than it shows.
func (d *file) describe(count int) {
	f := &d.found
	if f.pictures > 0 {
		d.notes.Add("no text on %d of %d pages; perhaps they are scanned pictures", f.pictures, count)
	}
	if f.drawn > 0 {
		d.notes.Add("no text on %d of %d pages with drawings", f.drawn, count)
	}
	if f.unmapped > 0 {
		d.notes.Add("the fonts on %d of %d pages do not say which letters they draw", f.unmapped, count)
	}
	if f.partly > 0 {
		d.notes.Add("some letters on %d of %d pages are lost: their fonts do not say which ones they draw", f.partly, count)
	}
	if f.damaged > 0 {
		d.notes.Add("%d of %d pages are damaged", f.damaged, count)
	}
}

// page reads a page. What is damaged has no lines.
func (d *file) page(index int) *page {
	p := &page{number: index + 1}
	handle := d.call("FPDF_LoadPage", d.doc, uint64(index))
	if handle == 0 {
		d.found.damaged++
		return p
	}
	defer func() { d.call("FPDF_ClosePage", handle) }()
	p.turn = uint8(d.int("FPDFPage_GetRotation", handle)) % 4
	if d.int("FPDF_GetPageBoundingBox", handle, uint64(d.scratch)) != 0 {
		var box [4]float32
		d.floats(box[:])
		p.crop = rect{left: box[0], top: box[1], right: box[2], bottom: box[3]}
	}
	extra := d.annotations(handle)
	late := 1 << 30
	if extra.drawn {
		handle, late = d.flatten(handle, index)
	}
	layer := d.call("FPDFText_LoadPage", handle)
	if layer == 0 {
		d.found.damaged++
		return p
	}
	glyphs, lost := d.pages.glyphs(layer, late)
	d.call("FPDFText_ClosePage", layer)
	for i := range extra.fields {
		glyphs = append(glyphs, extra.fields[i].glyphs()...)
	}
	p.lines = linesOf(glyphs)
	p.notes = unseen(extra.notes, p.lines)
	d.count(handle, p, len(glyphs), lost)
	return p
}

// count notes what kind of page it is.
func (d *file) count(handle uint64, p *page, glyphs, lost int) {
	switch {
	case len(p.lines) > 0 || len(p.notes) > 0:
		d.found.text++
		if 20*lost > glyphs {
			d.found.partly++
		}
		return
	case lost > 0:
		d.found.unmapped++
		return
	}
	const picture, look = 3, 1000
	objects := d.int("FPDFPage_CountObjects", handle)
	for i := range min(objects, look) {
		if d.int("FPDFPageObj_GetType", d.call("FPDFPage_GetObject", handle, uint64(i))) == picture {
			d.found.pictures++
			return
		}
	}
	if objects > 0 {
		d.found.drawn++
	}
}

// crashed explains an error that is not about the document as such.
func (d *file) crashed(err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n") // what follows is where in the reader
	return fmt.Errorf("the PDF reader gave up on it: damaged, or in need of more than %s of memory: %s",
		extract.Bytes(d.in.Limits.Memory), first)
}
