package pdf

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// glyph is a character of a page. Its box is as wide as it moves the next one
// on, and as high as its font.
type glyph struct {
	r rune
	rect
	font
	// leftward says that PDFium took it for part of text that runs from right
	// to left, and has mirrored brackets.
	leftward bool
	space    bool // is white space that is written in the file
	late     bool // is of an annotation: where it comes in the file says nothing
	tight    bool // its box is that of its outline
}

// font is how a glyph is set.
type font struct {
	size float32 // in points, on the page
	bold bool
	mono bool
	turn uint8 // in quarters of a circle, against the clock
}

// pageReader reads the glyphs of pages.
type pageReader struct {
	*raw
	fonts map[uint64]*fontInfo // by FPDF_FONT
}

// fontInfo is what is known of a font. lost counts characters without Unicode.
type fontInfo struct {
	bold, mono bool
}

// maxGlyphs is how many characters of a page are put into order by where they
// stand. The rest is dropped with a note.
const maxGlyphs = 400_000

// glyphs returns the glyphs of a text page, in the order of PDFium, which is
// about that of the file. Those from late on are of annotations. lost is how many
// have no Unicode.
func (p *pageReader) glyphs(textPage uint64, late int) (list []glyph, lost int) {
	count := min(p.int("FPDFText_CountChars", textPage), maxGlyphs)
	if count <= 0 {
		return nil, 0
	}
	list = make([]glyph, 0, count)
	var box [4]float32
	var last font
	var lastTop, lastBottom float32
	var lastHandle uint64
	known := false
	var codes []rune
	for i := range uint64(count) {
		if i%chunk == 0 {
			codes = p.chunk(textPage, i, min(chunk, uint64(count)-i), codes[:0])
		}
		r := codes[i%chunk]
		switch r {
		case 0x02, 0xFFFE: // what PDFium has in place of a hyphen at the end of a line
			r = '-'
		case 0, 0xFFFF, unicode.ReplacementChar:
			lost++
			continue
		}
		if p.int("FPDFText_GetLooseCharBox", textPage, i, uint64(p.scratch)) == 0 {
			continue
		}
		p.floats(box[:])
		blank := r == ' ' || r == '\t' || r == '\r' || r == '\n'
		if blank && (box[2] <= box[0] || box[1] <= box[3]) && p.int("FPDFText_IsGenerated", textPage, i) == 1 {
			continue // PDFium's own guess
		}
		if r < ' ' || r == 0x7f {
			if !blank || p.int("FPDFText_IsGenerated", textPage, i) == 0 {
				lost++ // a code that the font does not explain
			}
			continue
		}
		g := glyph{r: r, rect: rect{left: box[0], top: box[1], right: box[2], bottom: box[3]}, space: unicode.IsSpace(r), late: int(i) >= late}
		if !known || g.top != lastTop || g.bottom != lastBottom {
			handle := p.call("FPDFTextObj_GetFont", p.call("FPDFText_GetTextObject", textPage, i))
			if !known || handle != lastHandle || abs(g.height()-(lastTop-lastBottom)) > 0.01 {
				last = p.font(textPage, i, handle)
			}
			lastTop, lastBottom, lastHandle, known = g.top, g.bottom, handle, true
		}
		g.font = last
		if last.turn != 0 || g.right <= g.left || g.top <= g.bottom {
			known = last.turn == 0
			g.tight = true
			p.tightBox(textPage, i, &g)
		}
		list = append(list, g)
	}
	return list, lost
}

// chunk is of how many characters the Unicode is asked for at once.
const chunk = 128

// chunk appends the Unicode of n characters from the one at from on.
func (p *pageReader) chunk(textPage, from, n uint64, codes []rune) []rune {
	// PDFium leaves characters without Unicode out of the text; then each has to
	// be asked for.
	if got := p.int("FPDFText_GetText", textPage, from, n, uint64(p.scratch)); got == int(n)+1 {
		b := p.bytes(p.scratch, uint32(2*n))
		for i := 0; i < len(b); i += 2 {
			codes = append(codes, rune(b[i])|rune(b[i+1])<<8)
		}
		if !slices.ContainsFunc(codes, func(r rune) bool { return utf16.IsSurrogate(r) || r == 0 }) {
			return codes
		}
		codes = codes[:0]
	}
	for i := range n {
		codes = append(codes, rune(p.call("FPDFText_GetUnicode", textPage, from+i)))
	}
	return codes
}

// font finds out how a character is set, in the font of the handle.
func (p *pageReader) font(textPage, i, handle uint64) font {
	f := font{size: finite(float32(p.double("FPDFText_GetFontSize", textPage, i)))}
	var m [6]float32
	if p.int("FPDFText_GetMatrix", textPage, i, uint64(p.scratch)) != 0 {
		p.floats(m[:])
		f.size *= finite(float32(math.Hypot(float64(m[2]), float64(m[3]))))
		quarter := math.Round(math.Atan2(float64(m[1]), float64(m[0])) / (math.Pi / 2))
		f.turn = uint8(int(quarter)+4) % 4
	}
	if f.size < 0 {
		f.turn = (f.turn + 2) % 4
	}
	f.size = min(max(abs(finite(f.size)), 0.5), 2000)
	if handle != 0 {
		info := p.fonts[handle]
		if info == nil {
			info = p.describe(textPage, i)
			p.fonts[handle] = info
		}
		f.bold, f.mono = info.bold, info.mono
	}
	return f
}

// describe reads about the font of a character.
func (p *pageReader) describe(textPage, i uint64) *fontInfo {
	const flags, name, most = 0, 8, 256
	n := p.int("FPDFText_GetFontInfo", textPage, i, uint64(p.scratch+name), most, uint64(p.scratch+flags))
	b := string(p.bytes(p.scratch, name+most))
	info := &fontInfo{mono: b[0]&1 != 0}
	if n > 0 && n <= most {
		lower := strings.ToLower(b[name : name+n-1])
		for _, s := range []string{"bold", "black", "heavy", "demi"} {
			info.bold = info.bold || strings.Contains(lower, s)
		}
		info.mono = info.mono || strings.Contains(lower, "mono") || strings.Contains(lower, "courier")
	}
	return info
}

// tightBox takes the box of a glyph from its outline and its origin, where that
// of its font says nothing: of turned text and of fonts without measures.
func (p *pageReader) tightBox(textPage, i uint64, g *glyph) {
	at := uint64(p.scratch)
	var box [4]float64
	if p.int("FPDFText_GetCharBox", textPage, i, at, at+8, at+16, at+24) != 0 {
		p.doubles(box[:])
		g.left, g.right = finite(float32(box[0])), finite(float32(box[1]))
		g.bottom, g.top = finite(float32(box[2])), finite(float32(box[3]))
	}
	if p.int("FPDFText_GetCharOrigin", textPage, i, at, at+8) == 0 {
		return
	}
	p.doubles(box[:2])
	x, y := finite(float32(box[0])), finite(float32(box[1]))
	up, down := 0.8*g.size, 0.2*g.size
	switch g.turn {
	case 0:
		g.bottom, g.top = y-down, y+up
	case 1:
		g.left, g.right = x-up, x+down
	case 2:
		g.bottom, g.top = y-up, y+down
	case 3:
		g.left, g.right = x-down, x+up
	}
}

// upright turns a box of text that is turned by so many quarters so that the
// text runs to the right; the same with 4-quarters turns it back.
func (r rect) upright(quarters uint8) rect {
	switch quarters % 4 {
	case 1:
		return rect{left: r.bottom, right: r.top, bottom: -r.right, top: -r.left}
	case 2:
		return rect{left: -r.right, right: -r.left, bottom: -r.top, top: -r.bottom}
	case 3:
		return rect{left: -r.top, right: -r.bottom, bottom: r.left, top: r.right}
	}
	return r
}
