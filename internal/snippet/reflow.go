package snippet

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/textnorm"
)

// reflow joins the lines of text, except where hard says that a line stays one
// of its own, and leaves out empty lines. Words that were parted by a hyphen at
// the end of a line are whole again. It returns the ranges moved along.
func reflow(text string, ranges []index.Range, hard func(previous, line string) bool) (string, []index.Range) {
	var out []byte
	to := make([]int, 0, len(text)+1) // where each byte of text is in out
	previous := ""
	for line := range strings.Lines(text) {
		kept := strings.TrimRightFunc(line, unicode.IsSpace)
		left := 0 // out of the line's beginning
		if len(out) > 0 && kept != "" {
			if hard(previous, kept) {
				out = append(out, '\n')
			} else {
				left = len(kept) - len(strings.TrimLeftFunc(kept, unicode.IsSpace))
				if n := hyphen(out, kept[left:]); n > 0 {
					out = out[:len(out)-n]
					for j := len(to) - 1; j >= 0 && to[j] > len(out); j-- {
						to[j] = len(out) // what pointed behind the hyphen
					}
				} else {
					out = append(out, ' ')
				}
			}
		}
		for i := range len(line) {
			to = append(to, len(out)+min(max(i-left, 0), len(kept)-left))
		}
		out = append(out, kept[left:]...)
		previous = kept
	}
	to = append(to, len(out))
	moved := make([]index.Range, len(ranges))
	for i, r := range ranges {
		moved[i] = index.Range{Start: to[r.Start], End: to[r.End]}
	}
	return string(out), moved
}

// hyphen returns the length of the hyphen at the end of text if it only says
// that the word goes on in the next line: the text that keywords are matched
// against has none there.
func hyphen(text []byte, next string) int {
	n := 0
	for _, h := range []string{"-", "\u00ad"} {
		if bytes.HasSuffix(text, []byte(h)) {
			n = len(h)
		}
	}
	if n == 0 {
		return 0
	}
	word := string(text[bytes.LastIndexFunc(text, unicode.IsSpace)+1:])
	after, _, _ := strings.Cut(next, " ")
	if textnorm.Normalize(word+"\n"+after).String() != textnorm.Normalize(word[:len(word)-n]+after).String() {
		return 0
	}
	return n
}
