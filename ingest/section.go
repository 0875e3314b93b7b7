package ingest

import (
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest/extract"
)

// section is the text from a heading to the next one of any level.
type section struct {
	start, end int
	path       []string // of headings, its own last
	units      int      // index of its first unit
	tokens     int
	bare       bool // has nothing but its heading
}

// sectionsOf cuts a text at its headings. Those that are not in order or not
// inside the text, which a reader does not give, are left out.
func sectionsOf(t *extract.Text) []section {
	out := []section{{}}
	var open []extract.Heading
	for _, h := range t.Headings {
		last := &out[len(out)-1]
		if h.Start < 0 || h.Start > len(t.Body) || h.Start < len(t.Body) && !utf8.RuneStart(t.Body[h.Start]) {
			continue
		}
		start := h.Start
		if start < last.start || start == last.start && len(out) > 1 {
			continue
		}
		for len(open) > 0 && open[len(open)-1].Level >= h.Level {
			open = open[:len(open)-1]
		}
		open = append(open, h)
		path := make([]string, len(open))
		for i, o := range open {
			path[i] = o.Text
		}
		last.end = start
		out = append(out, section{start: start, path: path})
	}
	out[len(out)-1].end = len(t.Body)
	return out
}
