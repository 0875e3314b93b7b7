package pdf

import (
	"testing"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
)

// FuzzLayout puts characters anywhere on pages: the text has to be sound, and
// every box has to be that of a word.
func FuzzLayout(f *testing.F) {
	f.Add([]byte("H  e  l  l  o  \xff1 2 3 "), 1000)
	f.Add([]byte("a b c d e f g h i \x00\x10\x20\x30\x40\x50\x60\x70\x80\x90"), 5)
	f.Add([]byte("\x05\x10\x10\x05\x12\x10\x06\x20\x10\xff\x05\x10\x10"), 100)
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		letters := []rune("aB1. -,()7\u0644\u0627\u05d0\u4e00\u0301fi•")
		w := bodyWriter{size: bodySize{}, total: 1 + len(data)/50}
		p := &page{number: 1, crop: rect{right: 255, top: 255}}
		var glyphs []glyph
		next := func() {
			p.lines = linesOf(glyphs)
			w.add(p)
			p, glyphs = &page{number: p.number + 1, crop: p.crop, turn: uint8(p.number % 4)}, nil
		}
		for ; len(data) >= 3; data = data[3:] {
			if data[0] == 0xff {
				next()
				continue
			}
			size := float32(4 + data[0]>>5)
			x, y := float32(data[1]), float32(data[2])
			g := glyph{r: letters[int(data[0]&31)%len(letters)], rect: rect{left: x, right: x + size/2, bottom: y, top: y + size}, font: font{size: size}}
			g.space, g.late = g.r == ' ', data[0] == 77
			if data[1] == data[2] {
				g.turn = data[1] % 4
			}
			glyphs = append(glyphs, g)
		}
		next()
		w.finish()
		var text extract.Text
		w.put(&text, []entry{{title: "B1", level: 1, down: 20}, {title: "a", level: 2, down: -1}}, int64(max(0, limit%1000)))
		if text.Body == "" {
			return
		}
		extracttest.Check(t, &text)
		if len(text.Body) > limit%1000 {
			t.Errorf("%d bytes of at most %d", len(text.Body), limit%1000)
		}
	})
}
