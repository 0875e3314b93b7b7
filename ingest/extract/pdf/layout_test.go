package pdf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
)

// drawn makes a PDF of pages of A4 with these contents. F is Helvetica, B its
// bold face, C Courier. extra are entries of the pages' dictionaries, objects
// what they refer to, from number 100 on.
func drawn(contents []string, extra string, objects ...string) string {
	var b strings.Builder
	offsets := map[int]int{}
	object := func(n int, s string) {
		offsets[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, s)
	}
	b.WriteString("%PDF-1.7\n")
	object(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] >> >>")
	var kids strings.Builder
	for i, c := range contents {
		page := 10 + 2*i
		fmt.Fprintf(&kids, "%d 0 R ", page)
		object(page, fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << /F 3 0 R /B 4 0 R /C 5 0 R >> >> %s >>", page+1, extra))
		object(page+1, fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(c), c))
	}
	object(2, fmt.Sprintf("<< /Type /Pages /Count %d /Kids [%s] >>", len(contents), kids.String()))
	for i, name := range []string{"Helvetica", "Helvetica-Bold", "Courier"} {
		object(3+i, "<< /Type /Font /Subtype /Type1 /Encoding /WinAnsiEncoding /BaseFont /"+name+" >>")
	}
	size := 100
	for i, o := range objects {
		object(100+i, o)
		size++
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n", size)
	for n := range size {
		if at, ok := offsets[n]; ok {
			fmt.Fprintf(&b, "%010d 00000 n \n", at)
		} else {
			b.WriteString("0000000000 65535 f \n")
		}
	}
	fmt.Fprintf(&b, "trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n", size, start)
	return b.String()
}

// at shows text in a font of a size at a place.
func at(font string, size float64, x, y int, text string) string {
	text = strings.NewReplacer("(", `\(`, ")", `\)`).Replace(text)
	return fmt.Sprintf("BT /%s %g Tf %d %d Td (%s) Tj ET\n", font, size, x, y, text)
}

// prose shows lines below each other.
func prose(x, y int, lines ...string) string {
	var b strings.Builder
	for i, l := range lines {
		b.WriteString(at("F", 11, x, y-14*i, l))
	}
	return b.String()
}

func TestLayout(t *testing.T) {
	tests := []struct {
		name     string
		contents []string
		want     string
	}{
		{"columns of four lines, written across", []string{
			prose(60, 760, "The harbour was dug by hand over a period of six years, and paid for by its users.") +
				prose(60, 700, "In the east of the town stands the") + prose(320, 700, "The ropes for it are still twisted") +
				prose(60, 686, "old weigh house, which has a scale") + prose(320, 686, "by two brothers, who live close by") +
				prose(60, 672, "for carts. It was moved there when") + prose(320, 672, "and open their walk to visitors on") +
				prose(60, 658, "the market grew out of its square.") + prose(320, 658, "the first Sunday after midsummer.") +
				prose(60, 644, "Today it is a museum of measures.") + prose(320, 644, "Nobody else knows the trade now.")},
			`paragraph "The harbour was dug by hand over a period of six years, and paid for by its users."
paragraph "In the east of the town stands the\nold weigh house, which has a scale\nfor carts. It was moved there when\nthe market grew out of its square.\nToday it is a museum of measures."
paragraph "The ropes for it are still twisted\nby two brothers, who live close by\nand open their walk to visitors on\nthe first Sunday after midsummer.\nNobody else knows the trade now."
`},
		{"letters apart, drawn twice, out of order", []string{
			at("F", 14, 60, 760, "N O T I C E") +
				at("B", 11, 60, 720, "Ferry") +
				"BT /F 11 Tf 60 690 Td (Slip) Tj ET BT /F 11 Tf 60.4 690 Td (Slip) Tj ET\n" +
				at("F", 11, 87, 650, "boat is late.") + at("B", 11, 60, 650, "The ")},
			`heading1 "NOTICE"
heading2 "Ferry"
paragraph "Slip"
paragraph "The boat is late."
`},
		{"dots that lead to a page", []string{
			prose(60, 760, "Salt and tar, where to get") + "BT /F 11 Tf 4 Tc 190 760 Td (...................) Tj ET\n" + prose(330, 760, "7")},
			`paragraph "Salt and tar, where to get . . . . . . . . . . . . . . . . . . . 7"
`},
		{"a table", []string{
			prose(60, 760, "Ships that called, by year.") +
				at("B", 11, 60, 720, "Year") + at("B", 11, 160, 720, "Ships") + at("B", 11, 260, 720, "Largest ship") +
				prose(60, 706, "1871") + prose(160, 706, "14") + prose(260, 706, "Brig Anna") +
				prose(60, 692, "1872") + prose(160, 692, "19") + prose(260, 692, "Barque Two Friends") +
				prose(60, 678, "1873") + prose(160, 678, "7") + prose(260, 678, "Brig Anna")},
			`paragraph "Ships that called, by year."
header "Year\tShips\tLargest ship"
row "1871\t14\tBrig Anna"
row "1872\t19\tBarque Two Friends"
row "1873\t7\tBrig Anna"
`},
		{"marks", []string{
			prose(60, 760, "The mill was sold in 1846") + at("F", 7, 184, 765, "3") +
				prose(60, 746, "and again a year later, when nobody wanted to grind there.") +
				at("F", 8, 60, 100, "3 Deed of sale, leaf 2.")},
			`paragraph "The mill was sold in 1846 [3]\nand again a year later, when nobody wanted to grind there."
paragraph "3 Deed of sale, leaf 2."
`},
		{"turned text", []string{
			prose(60, 760, "The chart hangs beside the door.") + "BT /F 11 Tf 0 1 -1 0 40 300 Tm (Depth in fathoms) Tj ET\n"},
			`paragraph "The chart hangs beside the door."
paragraph "Depth in fathoms"
`},
		{"code", []string{
			prose(60, 760, "Type this:") + at("C", 10, 60, 730, "moor --stern left") + at("C", 10, 84, 718, "--bow right")},
			`paragraph "Type this:"
code "moor --stern left\n--bow right"
`},
	}
	for _, tt := range tests {
		got := extracttest.Must(t, shared, "a.pdf", drawn(tt.contents, ""))
		if blocks := extracttest.Blocks(got); blocks != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, blocks, tt.want)
		}
	}
}

// A sentence goes on over the page; what repeats at the edges of pages is apart.
func TestRunningHeads(t *testing.T) {
	var contents []string
	for i := range 5 {
		first, last := "Page by page the book tells how the harbour was built,", "and the men who dug it came from villages that are"
		if i > 0 {
			first = "gone now, with all that they had."
		}
		contents = append(contents, at("F", 9, 60, 800, "Annals of the harbour")+prose(60, 760, first)+
			prose(60, 730, "Nothing was written down about it, but for a list of the tools,", last)+at("F", 9, 290, 30, fmt.Sprint(211+i)))
	}
	got := extracttest.Must(t, shared, "a.pdf", drawn(contents, ""))
	furniture := 0
	for _, b := range got.Blocks {
		if text := got.Body[b.Start:b.End]; b.Kind == document.Furniture {
			furniture++
		} else if strings.Contains(text, "Annals") || strings.Contains(text, "21") {
			t.Errorf("%q is not furniture", text)
		}
	}
	if furniture != 10 {
		t.Errorf("%d running heads and page numbers in %s", furniture, extracttest.Blocks(got))
	}
	if n := strings.Count(got.Body, "from villages that are\ngone now"); n != 4 {
		t.Errorf("%d of 4 sentences go on in %q", n, got.Body)
	}
	at := strings.Index(got.Body, "gone now")
	if before, behind := got.Place(at-1).Page, got.Place(at).Page; before != 1 || behind != 2 {
		t.Errorf("pages %d and %d", before, behind)
	}
}

// What is typed into a form stands beside its label, with and without an
// appearance; a note is read too.
func TestForm(t *testing.T) {
	appearance := at("F", 11, 2, 4, "Rosalind Achterberg")
	got := extracttest.Must(t, shared, "a.pdf", drawn([]string{
		prose(60, 760, "Tenant:") + prose(60, 730, "Plot:") + prose(60, 700, "Signed in two copies.")},
		"/Annots [100 0 R 101 0 R 102 0 R]",
		"<< /Type /Annot /Subtype /Widget /FT /Tx /T (tenant) /V (Rosalind Achterberg) /Rect [120 755 320 772] /F 4 /AP << /N 103 0 R >> >>",
		"<< /Type /Annot /Subtype /Widget /FT /Tx /T (plot) /V (4417) /Rect [120 725 320 742] /F 4 >>",
		"<< /Type /Annot /Subtype /Text /Contents (Ask about the pheasants.) /Rect [500 700 520 720] >>",
		fmt.Sprintf("<< /Type /XObject /Subtype /Form /BBox [0 0 200 17] /Resources << /Font << /F 3 0 R >> >> /Length %d >>\nstream\n%s\nendstream", len(appearance), appearance),
	))
	for _, want := range []string{"Tenant: Rosalind Achterberg", "Signed in two copies.", "Ask about the pheasants."} {
		if !strings.Contains(got.Body, want) {
			t.Errorf("%q is not in %q", want, got.Body)
		}
	}
}

// Boxes are where the words are drawn, from the upper left corner.
func TestBoxes(t *testing.T) {
	got := extracttest.Must(t, shared, "a.pdf", drawn([]string{prose(60, 742, "Salt and rope")}, ""))
	if len(got.Boxes) != 3 {
		t.Fatalf("%d boxes", len(got.Boxes))
	}
	b := got.Boxes[1]
	if got.Body[b.Start:b.End] != "and" || b.Page != 1 {
		t.Errorf("%q on page %d", got.Body[b.Start:b.End], b.Page)
	}
	if b.Box.Left < 75 || b.Box.Right > 110 || b.Box.Top < 85 || b.Box.Bottom > 106 || b.Box.Top >= b.Box.Bottom {
		t.Errorf("at %+v", b.Box)
	}
}

// A blank page is not a scanned one.
func TestBlankPage(t *testing.T) {
	got := extracttest.Must(t, shared, "a.pdf", drawn([]string{prose(60, 760, "One page."), ""}, ""))
	if got.Note != "" {
		t.Errorf("note %q", got.Note)
	}
}

// The letters of a ligature share its box, however wide it is.
func TestLigature(t *testing.T) {
	box := rect{left: 20, right: 30, bottom: 0, top: 12}
	var run []glyph
	for _, r := range "ffl" {
		run = append(run, glyph{r: r, rect: box, font: font{size: 12}})
	}
	run = append(run, glyph{r: 'u', rect: rect{left: 30, right: 36, bottom: 0, top: 12}, font: font{size: 12}})
	if lines := linesOf(run); len(lines) != 1 || lineText(&lines[0]) != "fflu" {
		t.Errorf("got %+v", lines)
	}
}

func TestTitlesOfPrograms(t *testing.T) {
	for title, want := range map[string]bool{
		"Microsoft Word - lease.doc": true, "Untitled-3.indd": true, "report_final.docx": true,
		"Report on the harbour": false, "Version 2.0": false, "A guide to Node.js": false, "": false,
	} {
		if got := isFileName(title); got != want {
			t.Errorf("%q: %v", title, got)
		}
	}
}

// An outline finds its titles despite capitals and line ends, and not in the
// running head.
func TestOutlinePlaces(t *testing.T) {
	body := "The Long Way Home\n\nTHE LONG\nWAY HOME\n\nText of it. 2.1 What’s left\nRest."
	w := bodyWriter{size: bodySize{}, pageAt: []int{0}}
	w.b.WriteString(body)
	w.blocks.Begin(0, document.Furniture, 0)
	w.blocks.Begin(19, document.Paragraph, 0)
	var text extract.Text
	w.put(&text, []entry{{title: "The long way home", level: 1, down: -1}, {title: "What's left", level: 2, down: -1}}, 1000)
	extracttest.Check(t, &text)
	if h := text.Headings; len(h) != 2 || h[0].Start != 19 || h[1].Start != strings.Index(body, "What") {
		t.Errorf("headings %+v", h)
	}
}
