package pdf

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/albert-search/albert-search/document"
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
		value := strings.ToValidUTF8(d.raw.text("FPDF_GetMetaText", d.doc, d.name(tag)), "\uFFFD")
		switch strings.ToLower(value) {
		case "untitled", "anonymous", "unspecified", "unknown": // what programs fill in by themselves
			return ""
		}
		return value
	}
	if t := extract.OneLine(get("Title")); !isFileName(t) {
		d.text.Title = t
	}
	d.text.SetMeta(extract.MetaAuthor, get("Author"))
	d.text.SetMeta(extract.MetaSubject, get("Subject"))
	d.text.SetMeta(extract.MetaKeywords, get("Keywords"))
	d.text.SetMeta(extract.MetaDate, strings.TrimPrefix(get("CreationDate"), "D:"))
}

// isFileName recognises titles that programs make of the name of the file from
// which a PDF was made: "Microsoft Word - x.doc", "Untitled-3.indd".
func isFileName(title string) bool {
	lower := strings.ToLower(title)
	for _, program := range []string{"microsoft word - ", "microsoft powerpoint - ", "microsoft excel - ", "powerpoint presentation", "untitled-", "document1", "slide 1"} {
		if strings.HasPrefix(lower, program) {
			return true
		}
	}
	i := strings.LastIndexByte(lower, '.')
	if i <= 0 || strings.HasSuffix(lower[:i], " ") {
		return false
	}
	switch lower[i+1:] {
	case "doc", "docx", "dot", "dotx", "rtf", "odt", "ott", "sxw", "wpd", "wps", "pages", "xls", "xlsx", "ods", "ppt", "pptx", "pps", "ppsx", "odp", "key",
		"indd", "qxd", "qxp", "pmd", "p65", "fm", "book", "tex", "dvi", "ps", "eps", "pdf", "pub", "cdr", "ai", "psd", "vsd", "vsdx", "dwg",
		"tif", "tiff", "jpg", "jpeg", "png", "bmp", "gif", "htm", "html", "xml", "txt", "md", "prn", "lwp", "mif", "adoc":
		return true
	}
	return false
}

// entry is an entry of the outline.
type entry struct {
	title string
	level int
	page  int // from 0
	// down is how far below the upper edge of the page it leads; negative where
	// that is not said.
	down float32
}

// outline returns the entries of the outline that lead to a page. An outline
// that cannot be read is as good as none.
func (d *file) outline() []entry {
	w := outlineWalk{d: d}
	w.children(0, 1)
	return w.entries
}

type outlineWalk struct {
	d       *file
	seen    int
	entries []entry
}

func (w *outlineWalk) children(parent uint64, level int) {
	if level > maxOutlineDepth {
		return
	}
	for at := w.d.call("FPDFBookmark_GetFirstChild", w.d.doc, parent); at != 0 && w.seen < maxOutlineEntries; at = w.d.call("FPDFBookmark_GetNextSibling", w.d.doc, at) {
		w.seen++
		w.add(at, level)
		w.children(at, level+1)
	}
}

func (w *outlineWalk) add(at uint64, level int) {
	d := w.d
	dest := d.call("FPDFBookmark_GetDest", d.doc, at)
	if dest == 0 {
		return
	}
	e := entry{level: level, page: d.int("FPDFDest_GetDestPageIndex", d.doc, dest), down: -1}
	if e.page < 0 || e.page >= len(d.body.pageAt) {
		return
	}
	s := uint64(d.scratch)
	if d.int("FPDFDest_GetLocationInPage", dest, s, s+4, s+8, s+12, s+16, s+20) != 0 {
		b := slices.Clone(d.bytes(d.scratch, 24))
		if b[4] != 0 && e.page < len(d.body.upper) {
			var at [5]float32
			d.floats(at[:])
			e.down = d.body.upper[e.page] - at[4]
		}
	}
	if e.title = extract.OneLine(strings.ToValidUTF8(d.raw.text("FPDFBookmark_GetTitle", at), "\uFFFD")); e.title != "" {
		w.entries = append(w.entries, e)
	}
}

// put makes the text of what was written: no more than limit bytes of it, with
// headings by the outline, or by how titles look where there is none.
func (w *bodyWriter) put(t *extract.Text, outline []entry, limit int64) {
	t.Body = extract.Cut(w.b.String(), limit)
	n := len(t.Body)
	for _, p := range w.places {
		if p.Offset <= n {
			t.Places = append(t.Places, p)
		}
	}
	for _, b := range w.boxes {
		if b.End <= n {
			t.Boxes = append(t.Boxes, b)
		}
	}
	blocks := cutBlocks(w.blocks.Finish(w.b.Len()), n)
	headings := w.byOutline(t.Body, blocks, outline)
	if len(headings) < 2 {
		headings = append(headings, w.byLook(headings)...)
		slices.SortStableFunc(headings, func(a, b extract.Heading) int { return cmp.Compare(a.Start, b.Start) })
	}
	for len(headings) > 0 && headings[len(headings)-1].Start >= n {
		headings = headings[:len(headings)-1]
	}
	t.Headings = headings[:min(len(headings), extract.MaxHeadings)]
	t.Blocks = withHeadings(t.Body, blocks, t.Headings)
}

// cutBlocks drops what is beyond n bytes.
func cutBlocks(blocks []document.Block, n int) []document.Block {
	for len(blocks) > 0 && blocks[len(blocks)-1].Start >= n {
		blocks = blocks[:len(blocks)-1]
	}
	if len(blocks) > 0 {
		blocks[len(blocks)-1].End = n
	}
	return blocks
}

// byLook makes headings of the titles of the text, the largest type outermost.
func (w *bodyWriter) byLook(taken []extract.Heading) []extract.Heading {
	type look struct {
		size float32
		bold bool
	}
	var looks []look
	for _, t := range w.titles {
		if l := (look{t.size, t.bold}); !slices.Contains(looks, l) && len(looks) < 50 {
			looks = append(looks, l)
		}
	}
	slices.SortFunc(looks, func(a, b look) int {
		return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(boolTo(b.bold), boolTo(a.bold)))
	})
	var headings []extract.Heading
	for _, t := range w.titles {
		if slices.ContainsFunc(taken, func(h extract.Heading) bool { return h.Start == t.start }) {
			continue
		}
		level := slices.Index(looks, look{t.size, t.bold})
		headings = append(headings, extract.Heading{Start: t.start, Level: min(level, 5) + 1, Text: t.text})
	}
	return headings
}

// withHeadings makes blocks of the titles that stand in the text, and of what
// only looks like one in a document with an outline.
func withHeadings(body string, blocks []document.Block, headings []extract.Heading) []document.Block {
	var out structure.Blocks
	for _, b := range blocks {
		if b.Kind == document.Heading {
			b.Kind, b.Level = document.Paragraph, 0
		}
		out.Begin(b.Start, b.Kind, b.Level)
		for len(headings) > 0 && headings[0].Start < b.End {
			h := headings[0]
			headings = headings[1:]
			end := titleEnd(body[:b.End], h)
			if h.Start < b.Start || end < 0 || b.Kind == document.Furniture {
				continue
			}
			out.Begin(h.Start, document.Heading, h.Level)
			if end < b.End {
				out.Begin(end, b.Kind, b.Level)
			}
		}
	}
	return out.Finish(len(body))
}

// titleEnd returns where the lines end that a heading's text stands on, -1 if it
// does not stand there.
func titleEnd(body string, h extract.Heading) int {
	want, at := folded(h.Text), h.Start
	var got strings.Builder
	for range 4 {
		if at >= len(body) {
			return -1
		}
		line, next := structure.LineAt(body, at, len(body))
		got.WriteString(folded(line))
		at = next
		switch g := got.String(); {
		case g == want, strings.HasSuffix(g, want) && len(g) < len(want)+12:
			return at + len(body[at:]) - len(strings.TrimLeftFunc(body[at:], unicode.IsSpace))
		case len(g) > len(want)+12:
			return -1
		}
	}
	return -1
}

// folded is what is compared of titles: their letters and digits.
func folded(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(unicode.ToUpper(r))
	}, norm.NFKC.String(s))
}

// byOutline finds the places of the entries of the outline.
func (w *bodyWriter) byOutline(body string, blocks []document.Block, outline []entry) []extract.Heading {
	f := finder{w: w, body: body, blocks: blocks, page: -1, taken: map[int]bool{}}
	var headings []extract.Heading
	for _, e := range outline {
		start := f.find(e)
		if start >= len(body) || f.taken[start] {
			continue
		}
		f.taken[start] = true
		headings = append(headings, extract.Heading{Start: start, Level: e.level, Text: e.title})
	}
	slices.SortStableFunc(headings, func(a, b extract.Heading) int { return cmp.Compare(a.Start, b.Start) })
	return headings
}

// finder finds titles on pages.
type finder struct {
	w      *bodyWriter
	body   string
	blocks []document.Block
	taken  map[int]bool

	page  int    // whose text is folded
	text  string // of the page, folded
	at    []int  // where each byte of it is in the body
	start int    // of the page
	end   int
}

// fold folds the text of a page, but for its furniture.
func (f *finder) fold(page int) {
	if f.page == page {
		return
	}
	f.page, f.at = page, f.at[:0]
	f.start, f.end = f.w.pageAt[page], len(f.body)
	if page+1 < len(f.w.pageAt) {
		f.end = min(f.w.pageAt[page+1], f.end)
	}
	f.start = min(f.start, f.end)
	var text strings.Builder
	i, _ := slices.BinarySearchFunc(f.blocks, f.start, func(b document.Block, at int) int {
		if b.End <= at {
			return -1
		}
		return 1
	})
	for ; i < len(f.blocks) && f.blocks[i].Start < f.end; i++ {
		b := f.blocks[i]
		if b.Kind == document.Furniture {
			continue
		}
		for at := max(b.Start, f.start); at < min(b.End, f.end); {
			r, n := utf8.DecodeRuneInString(f.body[at:])
			for range len(folded(string(r))) {
				f.at = append(f.at, at)
			}
			text.WriteString(folded(string(r)))
			at += n
		}
	}
	f.text = text.String()
}

// find returns where an entry's title stands: nearest to where it leads, or else
// the first place behind those that are taken where it begins a line.
func (f *finder) find(e entry) int {
	f.fold(e.page)
	want := folded(e.title)
	aim := -1
	if e.down >= 0 {
		aim = f.w.below(e.page, e.down)
	}
	best, rank := -1, 0
	for from := 0; want != ""; {
		i := strings.Index(f.text[from:], want)
		if i < 0 {
			break
		}
		at := f.at[from+i]
		from += i + 1
		start := structure.HeadingStart(f.body, at)
		if f.taken[start] {
			continue
		}
		r := 1
		if start == 0 || f.body[start-1] == '\n' {
			r += 2
		}
		if ends := f.lineEnd(from - 1 + len(want)); ends {
			r++
		}
		if aim >= 0 && at >= aim-2 && !f.closer(best, at, aim) {
			r--
		}
		if r > rank {
			best, rank = start, r
		}
	}
	switch {
	case best >= 0:
		return best
	case aim >= 0 && !f.taken[aim]:
		return aim
	}
	return f.start
}

// closer reports whether at is as near to aim as best is.
func (f *finder) closer(best, at, aim int) bool {
	d := func(i int) int { return max(i-aim, aim-i) }
	return best < 0 || d(at) <= d(best)
}

// lineEnd reports whether a line of the body ends before the byte i of the
// folded text.
func (f *finder) lineEnd(i int) bool {
	if i <= 0 || i >= len(f.at) {
		return true
	}
	return strings.IndexByte(f.body[f.at[i-1]:f.at[i]], '\n') >= 0
}

// below returns the first word of a page that stands that far below the upper
// edge, -1 if there is none.
func (w *bodyWriter) below(page int, down float32) int {
	i, _ := slices.BinarySearchFunc(w.boxes, page+1, func(b document.BoxAt, n int) int { return cmp.Compare(b.Page, n) })
	for ; i < len(w.boxes) && w.boxes[i].Page == page+1; i++ {
		if b := &w.boxes[i]; b.Box.Bottom > down+2 {
			return b.Start
		}
	}
	return -1
}

// pageOf is the page on which an offset stands.
func (w *bodyWriter) pageOf(offset int64) int {
	i, found := slices.BinarySearch(w.pageAt, int(offset))
	if found {
		return i + 1
	}
	return i
}
