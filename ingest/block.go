package ingest

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cut ranks a place between two pieces of text by how good it is to separate
// them there; higher is better.
type cut uint8

const (
	cutPlain  cut = iota // between sentences, lines of code, or words
	cutMinor             // before a list item, after a blank line of code, at a space
	cutStrong            // before a paragraph, a top-level block of code, after a clause
)

// block is a paragraph, a list item, a heading's line, or a single line of
// something that is not prose.
type block struct {
	start, end int // without the line end
	before     cut
	line       bool // not prose: has no sentences
}

// proseBlocks yields the blocks of body[start:end], which covers all of its
// bytes that are not white space.
func proseBlocks(body string, start, end int, heading bool) iter.Seq[block] {
	return func(yield func(block) bool) {
		var open block // the paragraph being collected; empty when start == end
		flush := func() bool {
			b := open
			open = block{}
			return b.start == b.end || yield(b)
		}
		rank := cutStrong
		fence := ""
		for pos := start; pos < end; {
			line, next := lineAt(body, pos, end)
			b := block{start: pos, end: pos + len(line), before: rank}
			text := strings.TrimSpace(line)
			pos = next
			rank = cutPlain
			switch {
			case fence != "":
				b.line = true
				if text == "" {
					rank = cutMinor
				} else if strings.HasPrefix(text, fence) {
					fence = ""
				}
			case text == "":
				if !flush() {
					return
				}
				rank = cutStrong
				continue
			case strings.HasPrefix(text, "```"), strings.HasPrefix(text, "~~~"):
				fence = text[:3]
				b.line = true
			case text[0] == '|', heading:
				b.line = true
			case isRule(text):
				b.line = true
			case isListItem(text):
				b.before = max(b.before, cutMinor)
				if !flush() {
					return
				}
				open = b
				continue
			default:
				if open.start == open.end {
					open = b
				} else {
					open.end = b.end
				}
				continue
			}
			if heading {
				// The heading is the first line with text; prose follows.
				heading, rank = false, cutStrong
			}
			if !flush() || (text != "" && !yield(b)) {
				return
			}
		}
		flush()
	}
}

// lineBlocks yields the lines of body[start:end], which is code or data.
func lineBlocks(body string, start, end int) iter.Seq[block] {
	return func(yield func(block) bool) {
		blank := true
		rank := cutPlain
		for pos := start; pos < end; {
			line, next := lineAt(body, pos, end)
			b := block{start: pos, end: pos + len(line), before: rank, line: true}
			pos, rank = next, cutPlain
			if strings.TrimSpace(line) == "" {
				blank = true
				continue
			}
			if blank {
				b.before = cutMinor
				if line[0] != ' ' && line[0] != '\t' {
					b.before = cutStrong
				}
			}
			blank = false
			if !yield(b) {
				return
			}
			// A comment's empty line parts paragraphs, too.
			if strings.Trim(line, "/#*;-% \t\r") == "" {
				rank = cutMinor
			}
		}
	}
}

// lineAt returns the line at pos without its end, and where the next begins.
func lineAt(body string, pos, end int) (line string, next int) {
	n := strings.IndexByte(body[pos:end], '\n')
	if n < 0 {
		return body[pos:end], end
	}
	return body[pos : pos+n], pos + n + 1
}

// isListItem recognises bullets and numbers: "- x", "• x", "12. x", "a) x".
func isListItem(line string) bool {
	first, n := utf8.DecodeRuneInString(line)
	if strings.ContainsRune("-*+•‣◦▪–", first) {
		return len(line) > n && line[n] == ' '
	}
	i := 0
	for i < len(line) && i < 4 && line[i] >= '0' && line[i] <= '9' {
		i++
	}
	if i == 0 && n == 1 && unicode.IsLetter(first) {
		return len(line) > 2 && line[1] == ')' && line[2] == ' '
	}
	return i > 0 && len(line) > i+1 && (line[i] == '.' || line[i] == ')') && line[i+1] == ' '
}

// isRule recognises a line that is drawn with one character, as under a
// heading or between parts.
func isRule(line string) bool {
	return len(line) >= 3 && strings.IndexByte("=-~*_^#+", line[0]) >= 0 &&
		strings.Trim(line, line[:1]) == ""
}
