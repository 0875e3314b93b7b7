package pdf

import (
	"strings"
	"unicode"
)

// Running heads, feet and page numbers are lines at the edge of a page that
// come again at the edge of pages near it, but for their numbers.

const (
	edgeLines = 2 // at either end of a page
	nearPages = 8 // before and behind, that are looked at
)

// edgeKey is what of a line repeats. It is empty for a line with too little.
func edgeKey(l *line) string {
	text := lineText(l)
	if len(text) > 300 {
		return ""
	}
	var b strings.Builder
	number := false
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			if !number {
				b.WriteByte('#')
			}
			number = true
			continue
		case unicode.IsLetter(r):
			b.WriteRune(unicode.ToLower(r))
		}
		number = false
	}
	key := b.String()
	if isRoman(key) {
		key = "#"
	}
	return key
}

// isRoman recognises the numbers of the pages before the first chapter.
func isRoman(s string) bool { return s != "" && len(s) < 8 && strings.Trim(s, "ivxlc") == "" }

// edgeLevels returns the indexes of the lines at the two ends of a page, by
// level, the outermost first: what stands beside each other is of one level. The
// second level is only there if it is close to the first.
func edgeLevels(lines []line) [2][][]int {
	return [2][][]int{
		levelsFrom(lines, func(a, b float32) bool { return a > b }),
		levelsFrom(lines, func(a, b float32) bool { return a < b }),
	}
}

// levelsFrom returns the levels at one end of a page; outer reports whether the
// first of two heights is nearer to it.
func levelsFrom(lines []line, outer func(a, b float32) bool) [][]int {
	var levels [][]int
	taken := map[int]bool{}
	before := -1
	for range edgeLines {
		best := -1
		for i := range lines {
			if lines[i].turn == lines[0].turn && !taken[i] && (best < 0 || outer(lines[i].bottom, lines[best].bottom)) {
				best = i
			}
		}
		const near = 2.2
		if best < 0 || before >= 0 && abs(lines[before].bottom-lines[best].bottom) > near*max(lines[before].size, lines[best].size) {
			break
		}
		var level []int
		for i := range lines {
			if lines[i].turn == lines[0].turn && !taken[i] && abs(lines[i].bottom-lines[best].bottom) < 0.5*lines[best].size {
				taken[i] = true
				level = append(level, i)
			}
		}
		levels = append(levels, level)
		before = best
	}
	return levels
}
