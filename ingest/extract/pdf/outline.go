package pdf

import (
	"cmp"
	"slices"
	"strings"

	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// Bounds for outlines, which may be endless in a broken file.
const (
	maxOutlineEntries = 5000
	maxOutlineDepth   = 16
)

// readMetadata takes what the document says about itself. Metadata that cannot
// be read is as good as none.
func (d *file) readMetadata() {
	get := func(tag string) string {
		m, err := d.instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: d.doc, Tag: tag})
		if err != nil {
			return ""
		}
		switch value := strings.ToValidUTF8(m.Value, "\uFFFD"); strings.ToLower(value) {
		case "untitled", "anonymous", "unspecified", "unknown": // what programs fill in by themselves
			return ""
		default:
			return value
		}
	}
	d.text.Title = extract.OneLine(get("Title"))
	d.text.SetMeta(extract.MetaAuthor, get("Author"))
	d.text.SetMeta(extract.MetaSubject, get("Subject"))
	d.text.SetMeta(extract.MetaKeywords, get("Keywords"))
	d.text.SetMeta(extract.MetaDate, strings.TrimPrefix(get("CreationDate"), "D:"))
}

// readOutline makes headings of the entries of the outline that lead to a
// page. A heading starts where its title stands on that page, or at the start
// of the page when it does not stand there in the same words. An outline that
// cannot be read is as good as none.
func (d *file) readOutline() {
	w := outlineWalk{d: d}
	w.children(nil, 1)
	w.headings = slices.DeleteFunc(w.headings, func(h extract.Heading) bool {
		return h.Start >= len(d.text.Body) // on a page without text at the end
	})
	for i := range w.headings {
		w.headings[i].Start = structure.HeadingStart(d.text.Body, w.headings[i].Start)
	}
	slices.SortStableFunc(w.headings, func(a, b extract.Heading) int { return cmp.Compare(a.Start, b.Start) })
	d.text.Headings = w.headings
}

type outlineWalk struct {
	d        *file
	entries  int
	headings []extract.Heading
}

func (w *outlineWalk) children(parent *references.FPDF_BOOKMARK, level int) {
	if level > maxOutlineDepth {
		return
	}
	first, err := w.d.instance.FPDFBookmark_GetFirstChild(&requests.FPDFBookmark_GetFirstChild{Document: w.d.doc, Bookmark: parent})
	if err != nil {
		return
	}
	for entry := first.Bookmark; entry != nil && w.entries < maxOutlineEntries; {
		w.entries++
		w.add(*entry, level)
		w.children(entry, level+1)
		next, err := w.d.instance.FPDFBookmark_GetNextSibling(&requests.FPDFBookmark_GetNextSibling{Document: w.d.doc, Bookmark: *entry})
		if err != nil {
			return
		}
		entry = next.Bookmark
	}
}

func (w *outlineWalk) add(entry references.FPDF_BOOKMARK, level int) {
	title, err := w.d.instance.FPDFBookmark_GetTitle(&requests.FPDFBookmark_GetTitle{Bookmark: entry})
	if err != nil {
		return
	}
	dest, err := w.d.instance.FPDFBookmark_GetDest(&requests.FPDFBookmark_GetDest{Document: w.d.doc, Bookmark: entry})
	if err != nil || dest.Dest == nil {
		return
	}
	page, err := w.d.instance.FPDFDest_GetDestPageIndex(&requests.FPDFDest_GetDestPageIndex{Document: w.d.doc, Dest: *dest.Dest})
	pages := w.d.pages
	if err != nil || page.Index < 0 || page.Index >= len(pages) {
		return
	}
	if name := extract.OneLine(strings.ToValidUTF8(title.Title, "\uFFFD")); name != "" {
		w.headings = append(w.headings, extract.Heading{Start: w.place(name, page.Index), Level: level, Text: name})
	}
}

// place finds a title on a page, after the heading before it.
func (w *outlineWalk) place(title string, page int) int {
	pages, body := w.d.pages, w.d.text.Body
	start, end := pages[page], len(body)
	if page+1 < len(pages) {
		end = pages[page+1]
	}
	from := start
	if n := len(w.headings); n > 0 && w.headings[n-1].Start >= start && w.headings[n-1].Start < end {
		from = w.headings[n-1].Start
	}
	if i := strings.Index(body[from:end], title); i >= 0 {
		return from + i
	}
	return from
}
