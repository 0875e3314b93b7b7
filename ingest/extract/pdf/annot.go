package pdf

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest/extract"
)

// Annotations and form fields. What has an appearance is drawn into the page,
// so that it is read where it stands; a value without one is put where its
// field is; what only a click shows, as a note, follows the page.

// maxAnnotations is how many annotations of a page are looked at.
const maxAnnotations = 2000

// Numbers of PDFium.
const (
	annotText           = 1
	annotLink           = 2
	annotFreeText       = 3
	annotPopup          = 16
	annotWidget         = 20
	annotHidden         = 1 << 1
	annotNoView         = 1 << 5
	fieldButton         = 1
	fieldCheckBox       = 2
	fieldRadio          = 3
	flattenForDisplay   = 0
	formFillInfoSize    = 512
	formFillInfoVersion = 2
)

// field is a value that is not drawn.
type field struct {
	text string
	rect
}

// annotations is what there is on a page beside its content.
type annotations struct {
	drawn  bool // something has an appearance
	fields []field
	notes  []string
}

// annotations looks at the annotations of a page.
func (d *file) annotations(page uint64) annotations {
	var a annotations
	for i := range min(d.int("FPDFPage_GetAnnotCount", page), maxAnnotations) {
		if annot := d.call("FPDFPage_GetAnnot", page, uint64(i)); annot != 0 {
			d.annotation(&a, annot)
			d.call("FPDFPage_CloseAnnot", annot)
		}
	}
	return a
}

func (d *file) annotation(a *annotations, annot uint64) {
	kind := d.int("FPDFAnnot_GetSubtype", annot)
	flags := d.int("FPDFAnnot_GetFlags", annot)
	if kind == annotLink || kind == annotPopup || flags&(annotHidden|annotNoView) != 0 {
		return
	}
	drawn := uint32(d.call("FPDFAnnot_GetAP", annot, 0, 0, 0)) > 2
	a.drawn = a.drawn || drawn && kind != annotText
	text := ""
	switch {
	case kind == annotWidget && !drawn:
		text = d.fieldValue(annot)
	case kind != annotWidget:
		text = d.raw.text("FPDFAnnot_GetStringValue", annot, d.name("Contents"))
	}
	if text = cleanValue(text); text == "" {
		return
	}
	if kind != annotWidget && (kind != annotFreeText || drawn) {
		if kind != annotFreeText && len(a.notes) < maxAnnotations {
			a.notes = append(a.notes, text)
		}
		return
	}
	var box [4]float32
	if d.int("FPDFAnnot_GetRect", annot, uint64(d.scratch)) != 0 {
		d.floats(box[:])
	}
	a.fields = append(a.fields, field{text: text, rect: rect{left: box[0], top: box[1], right: box[2], bottom: box[3]}})
}

// fieldValue is what was typed or chosen in a field of a form.
func (d *file) fieldValue(annot uint64) string {
	if d.form == 0 {
		info := uint32(d.call("malloc", formFillInfoSize))
		if info == 0 {
			return ""
		}
		b := d.bytes(info, formFillInfoSize)
		clear(b)
		binary.LittleEndian.PutUint32(b, formFillInfoVersion)
		if d.form = d.call("FPDFDOC_InitFormFillEnvironment", d.doc, uint64(info)); d.form == 0 {
			return ""
		}
	}
	switch d.int("FPDFAnnot_GetFormFieldType", d.form, annot) {
	case fieldButton, fieldCheckBox, fieldRadio:
		return "" // "Off", or a name that nobody sees
	}
	return d.raw.text("FPDFAnnot_GetFormFieldValue", d.form, annot)
}

// cleanValue makes plain text of a value.
func cleanValue(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(extract.Cut(s, 64<<10))
}

// flatten draws the appearances of annotations into a page, and returns it,
// loaded again. before is how many characters it had.
func (d *file) flatten(page uint64, index int) (_ uint64, before int) {
	if layer := d.call("FPDFText_LoadPage", page); layer != 0 {
		before = d.int("FPDFText_CountChars", layer)
		d.call("FPDFText_ClosePage", layer)
	}
	const done = 1
	if d.int("FPDFPage_Flatten", page, flattenForDisplay) != done {
		return page, 1 << 30
	}
	again := d.call("FPDF_LoadPage", d.doc, uint64(index))
	if again == 0 {
		return page, 1 << 30
	}
	d.call("FPDF_ClosePage", page)
	return again, max(before, 0)
}

// glyphs makes glyphs of a value, one line below the other from the upper edge
// of its field.
func (f *field) glyphs() []glyph {
	const usual = 10
	lines := strings.Split(f.text, "\n")
	size := float32(usual)
	if h := f.height(); h > 0 {
		size = min(max(h/float32(len(lines))/1.3, 4), usual)
	}
	var list []glyph
	for i, l := range lines {
		top := f.top - float32(i)*1.3*size - 0.1*size
		x := f.left + 2
		for _, r := range l {
			list = append(list, glyph{r: r, rect: rect{left: x, right: x + 0.5*size, top: top, bottom: top - size}, font: font{size: size}, space: r == ' ' || r == '\t', late: true})
			x += 0.5 * size
		}
	}
	return list
}

// unseen drops the notes that the lines of a page have already, as text boxes
// do whose appearance is drawn.
func unseen(notes []string, lines []line) []string {
	if len(notes) == 0 {
		return nil
	}
	var b strings.Builder
	for i := range lines {
		b.WriteString(folded(lineText(&lines[i])))
	}
	page := b.String()
	return slices.DeleteFunc(notes, func(n string) bool {
		f := folded(n)
		return f == "" || utf8.RuneCountInString(f) > 3 && strings.Contains(page, f)
	})
}
