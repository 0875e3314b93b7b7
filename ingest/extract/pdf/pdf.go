// Package pdf reads PDF documents, with PDFium in a WebAssembly sandbox.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

//go:generate ../../../scripts/python testdata/make_pdf.py

// Format returns the format PDF: the text layer page by page, the title and
// other metadata, and the outline as headings. A document that a user password
// protects is a failure, one that merely forbids copying or printing (an owner
// password) is read. Words hyphenated at the end of a line stay so.
func Format() extract.Format {
	return extract.Format{
		Name: "pdf", Title: "a PDF document",
		MediaTypes: []string{"application/pdf"},
		Extensions: []string{"pdf"},
		Sniff:      looksLikePDF,
		Isolation:  extract.WASM,
		Version:    1, Open: open,
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
		d := file{instance: instance, in: in, text: new(extract.Text)}
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
	instance pdfium.Pdfium
	in       *extract.Input
	text     *extract.Text
	doc      references.FPDF_DOCUMENT
	pages    []int // where each starts
	notes    extract.Notes
}

func (d *file) read(ctx context.Context) error {
	opened, err := d.instance.OpenDocument(&requests.OpenDocument{
		FileReader:     io.NewSectionReader(d.in, 0, d.in.Size),
		FileReaderSize: d.in.Size,
	})
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return extract.ErrEncrypted
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return fmt.Errorf("%w, in a way that cannot be read", extract.ErrEncrypted)
	case errors.Is(err, pdfiumerrors.ErrFormat), errors.Is(err, pdfiumerrors.ErrFile):
		return errors.New("damaged PDF: its structure cannot be read; it may be cut off")
	case err != nil:
		return d.crashed(err)
	}
	d.doc = opened.Document
	count, err := d.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.doc})
	if err != nil {
		return d.crashed(err)
	}
	if count.PageCount == 0 {
		return errors.New("damaged PDF: it has no pages; it may be cut off")
	}
	d.readMetadata()
	if err := d.readPages(ctx, count.PageCount); err != nil {
		return err
	}
	for i, start := range d.pages {
		d.text.Places = append(d.text.Places, extract.PlaceAt{Offset: start, Place: document.Place{Page: i + 1}})
	}
	if ctx.Err() == nil {
		d.readOutline()
	}
	d.text.Blocks = structure.Prose(d.text.Body, d.text.Headings)
	d.text.Note = d.notes.String()
	return nil
}

// readPages appends the text of the pages to the Body, with an empty line
// between them. When the time is up, what there is of it by then is enough.
func (d *file) readPages(ctx context.Context, count int) error {
	var body strings.Builder
	read := min(count, d.in.Limits.Pages)
	empty, damaged := 0, 0
	for i := range read {
		left := d.in.Limits.TextBytes - int64(body.Len())
		text, whole, err := "", true, ctx.Err()
		if err == nil {
			text, whole, err = d.pageText(i, left)
		}
		if err != nil && context.Cause(ctx) == extract.ErrTooSlow && body.Len() > 0 {
			d.notes.Add("only %d of %d pages were read within %v", i, count, d.in.Limits.Time)
			read = count // and no more to be said of it
			break
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, pdfiumerrors.ErrPage), errors.Is(err, errPage):
			damaged++
		case err != nil:
			return d.crashed(err)
		case text == "":
			empty++
		}
		if text != "" && body.Len() > 0 {
			body.WriteString("\n\n")
		}
		left = d.in.Limits.TextBytes - int64(body.Len())
		if left <= 0 || int64(len(text)) > left || !whole {
			d.pages = append(d.pages, body.Len())
			body.WriteString(extract.Cut(text, max(0, left)))
			d.notes.Add("the text was cut at %s, on page %d of %d", extract.Bytes(d.in.Limits.TextBytes), i+1, count)
			break
		}
		d.pages = append(d.pages, body.Len())
		body.WriteString(text)
	}
	d.text.Body = body.String()
	if d.text.Body == "" && damaged > 0 {
		return fmt.Errorf("damaged PDF: %d of %d pages cannot be read", damaged, count)
	}
	if d.text.Body == "" {
		return fmt.Errorf("%w: none on any of %d pages; perhaps they are scanned pictures", extract.ErrNoText, count)
	}
	if empty > 0 {
		d.notes.Add("no text on %d of %d pages; perhaps they are scanned pictures", empty, count)
	}
	if damaged > 0 {
		d.notes.Add("%d of %d pages are damaged", damaged, count)
	}
	if read < count {
		d.notes.Add("only the first %d of %d pages were read", read, count)
	}
	return nil
}

// errPage says that a page has no text layer that can be made out.
var errPage = errors.New("page cannot be read")

// pageText returns the text of a page, or the beginning of one that has many
// more characters than the limit, which is not whole then.
func (d *file) pageText(index int, limit int64) (text string, whole bool, err error) {
	page, err := d.instance.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: d.doc, Index: index})
	if err != nil {
		return "", true, err
	}
	defer func() {
		_, closing := d.instance.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: page.Page})
		err = errors.Join(err, closing)
	}()
	layer, err := d.instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: requests.Page{ByReference: &page.Page}})
	if err != nil {
		return "", true, err
	}
	defer func() {
		_, closing := d.instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: layer.TextPage})
		err = errors.Join(err, closing)
	}()
	chars, err := d.instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: layer.TextPage})
	if err != nil {
		return "", true, err
	}
	if chars.Count <= 0 {
		return "", true, nil
	}
	const slack = 1 << 10 // for white space that is dropped
	most := int(max(0, limit)) + slack
	got, err := d.instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: layer.TextPage, Count: min(chars.Count, most)})
	if err != nil {
		return "", true, err
	}
	text = cleanText(got.Text)
	if chars.Count > most {
		return text, false, nil
	}
	ordered, err := d.textByColumns(layer.TextPage, text)
	if err != nil {
		return "", true, err
	}
	return ordered, true, nil
}

// maxPieces is how many pieces of text a page may have to be looked at for
// columns.
const maxPieces = 20_000

// textByColumns returns the text of a page column by column if it is written
// across its columns, and text as it is otherwise.
func (d *file) textByColumns(layer references.FPDF_TEXTPAGE, text string) (string, error) {
	rects, err := d.instance.FPDFText_CountRects(&requests.FPDFText_CountRects{TextPage: layer, Count: -1})
	if err != nil {
		return "", err
	}
	if rects.Count < 2*minColumnLines || rects.Count > maxPieces {
		return text, nil
	}
	pieces := make([]rect, rects.Count)
	for i := range pieces {
		r, err := d.instance.FPDFText_GetRect(&requests.FPDFText_GetRect{TextPage: layer, Index: i})
		if err != nil {
			return "", err
		}
		pieces[i] = rect{r.Left, r.Top, r.Right, r.Bottom}
	}
	// within reads a region. PDFium takes every character that a region
	// touches, so it is made a trifle lower than the text.
	within := func(r rect) string {
		const slack = 0.25
		got, boundedErr := d.instance.FPDFText_GetBoundedText(&requests.FPDFText_GetBoundedText{
			TextPage: layer, Left: r.left, Top: r.top - slack, Right: r.right, Bottom: r.bottom + slack})
		if boundedErr != nil {
			err = boundedErr
			return ""
		}
		return cleanText(got.Text)
	}
	regions := columnRegions(pieces, func(r rect) bool { return within(r) == "" })
	if regions == nil || err != nil {
		return text, err
	}
	var b strings.Builder
	for _, r := range regions {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(within(r))
	}
	if err != nil {
		return "", err
	}
	if !sameLetters(text, b.String()) {
		return text, nil
	}
	return b.String(), nil
}

// crashed explains an error that is not about the document as such.
func (d *file) crashed(err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n") // what follows is where in the reader
	return fmt.Errorf("the PDF reader gave up on it: damaged, or in need of more than %s of memory: %s",
		extract.Bytes(d.in.Limits.Memory), first)
}

// cleanText turns PDFium's conventions into plain text.
func cleanText(s string) string {
	s = strings.NewReplacer(
		" \r\n", "\n",
		"\r\n", "\n",
		"\r", "\n",
		// PDFium's sign for a hyphen at the end of a line, in place of the
		// hyphen and the line end.
		"\x02", "-\n",
		"\uFFFE", "-\n",
	).Replace(s)
	s = strings.Map(func(r rune) rune {
		if extract.IsControl(r) || r == '\b' || r == 0x1b || r == 0x1a || r == '\uFFFF' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// sameLetters reports whether two texts differ in hardly more than order: no
// text is to be lost for the sake of it.
func sameLetters(a, b string) bool {
	count := map[rune]int{}
	total, differing := 0, 0
	for _, r := range a {
		count[r]++
		total++
	}
	for _, r := range b {
		count[r]--
	}
	for r, n := range count {
		if !unicode.IsSpace(r) && r != '-' {
			differing += max(n, -n)
		}
	}
	return differing*500 <= total
}
