package markup

import (
	"iter"
	"strings"
)

// The parser takes time that grows with the square of some things: how deep blocks
// are nested in a line, and how many signs of emphasis and links a paragraph has.
// So a long document is parsed in chunks, and what would take too long is text as
// it is.
const (
	// chunkSize is the length in bytes from which a chunk ends where it can.
	chunkSize = 32 << 10
	// longChunk is the length from which one ends before any line at the margin.
	longChunk = 256 << 10
	// maxSigns is how many signs of markup a paragraph has, or a line before its
	// text, and work how much the squares of them may sum up to in a document.
	maxSigns     = 3000
	maxMarkers   = 64
	maxChunkWork = 1 << 31
)

// chunk is a part of a document that is parsed by itself.
type chunk struct {
	start, end int
	plain      bool // too costly to parse
}

// chunks cuts a document before lines that begin a block whatever is before them.
func chunks(source string, start int) iter.Seq[chunk] {
	return func(yield func(chunk) bool) {
		c := chunker{chunk: chunk{start: start}, blank: true}
		for at := start; at < len(source); {
			line := source[at:]
			if n := strings.IndexByte(line, '\n'); n >= 0 {
				line = line[:n+1]
			}
			if c.cuts(at, line) {
				if !yield(c.chunk) {
					return
				}
				c.chunk = chunk{start: at}
				c.signs = 0
			}
			c.line(line)
			at += len(line)
			c.end = at
		}
		if c.end > c.start {
			yield(c.chunk)
		}
	}
}

// chunker knows of the lines before the one at hand what decides whether a chunk
// can end there.
type chunker struct {
	chunk
	blank    bool
	fence    string // that closes the open code block
	indented bool   // the code block is in a list or a quotation
	closing  string // that closes the open HTML
	signs    int    // of the paragraph
	work     int    // of all paragraphs
}

// cuts reports whether a chunk ends before the line at the offset at.
func (c *chunker) cuts(at int, line string) bool {
	size := at - c.start
	if size < chunkSize || c.fence != "" && size < longChunk || c.closing != "" && size < longChunk {
		return false
	}
	first := line[0]
	switch {
	case first == ' ' || first == '\t' || first == '\n' || first == '\r':
		return false
	case size >= longChunk:
		return true
	case first == '#':
		return c.blank
	case first == '[':
		return c.blank || strings.Contains(line, "]:")
	}
	return c.blank && size >= 2*chunkSize && !begins(line, "-*+0123456789:")
}

// line takes the next line of the chunk.
func (c *chunker) line(line string) {
	text, markers := unmarked(line)
	c.blank = strings.TrimSpace(text) == ""
	switch {
	case markers > maxMarkers:
		c.plain = true
	case c.fence != "":
		if rest, ok := strings.CutPrefix(text, c.fence); ok && strings.Trim(rest, c.fence[:1]+" \t\r\n") == "" ||
			c.indented && !c.blank && line == text {
			c.fence = ""
		}
		return
	case c.closing != "":
		if strings.Contains(strings.ToLower(line), c.closing) {
			c.closing = ""
		}
		return
	}
	if f := fenceOf(text); f != "" {
		c.fence, c.indented = f, line != text
	}
	c.closing = opensHTML(text)
	c.count(line, text, markers)
}

// count adds the signs of a line to those of its paragraph.
func (c *chunker) count(line, text string, markers int) {
	if c.blank || markers > 0 || begins(text, "#|") || c.fence != "" || strings.HasPrefix(text, "[") && strings.Contains(text, "]:") {
		c.signs = 0
	}
	before := c.signs
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '*', '_', '~', '[', ']', '(', '<', '`', '!', '&', '\\', '$':
			c.signs++
		}
	}
	c.work += c.signs*c.signs - before*before
	if c.signs > maxSigns || c.work > maxChunkWork {
		c.plain = true
	}
}

// unmarked returns a line without the marks of lists and quotations at its
// beginning, and how many there were.
func unmarked(line string) (text string, markers int) {
	for text = line; ; markers++ {
		trimmed := strings.TrimLeft(text, " \t")
		switch {
		case strings.HasPrefix(trimmed, ">"):
			text = trimmed[1:]
		case begins(trimmed, "-*+") && len(trimmed) > 1 && (trimmed[1] == ' ' || trimmed[1] == '\t'):
			text = trimmed[2:]
		case begins(trimmed, "0123456789"):
			mark := numberMark(trimmed)
			if mark == 0 {
				return trimmed, markers
			}
			text = trimmed[mark:]
		default:
			return trimmed, markers
		}
	}
}

// numberMark is the length of the number of an item that s begins with: "12. ".
func numberMark(s string) int {
	n := 0
	for n < len(s) && n < 9 && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n+1 < len(s) && (s[n] == '.' || s[n] == ')') && (s[n+1] == ' ' || s[n+1] == '\t') {
		return n + 2
	}
	return 0
}

// begins reports whether s begins with one of the characters.
func begins(s, characters string) bool {
	return s != "" && strings.IndexByte(characters, s[0]) >= 0
}

// fenceOf returns the fence of the block of code that a line opens.
func fenceOf(line string) string {
	if !begins(line, "`~") {
		return ""
	}
	rest := strings.TrimLeft(line, line[:1])
	fence := line[:len(line)-len(rest)]
	if len(fence) < 3 || fence[0] == '`' && strings.Contains(rest, "`") {
		return ""
	}
	return fence
}

// opensHTML returns what closes the HTML that a line opens, if that is not an
// empty line.
func opensHTML(line string) string {
	if !begins(line, "<") {
		return ""
	}
	lower := strings.ToLower(line[:min(len(line), 200)])
	for _, kind := range [][2]string{{"<!--", "-->"}, {"<script", "</script>"}, {"<style", "</style>"}, {"<pre", "</pre>"}, {"<textarea", "</textarea>"}, {"<?", "?>"}, {"<![cdata[", "]]>"}} {
		if strings.HasPrefix(lower, kind[0]) && !strings.Contains(strings.ToLower(line), kind[1]) {
			return kind[1]
		}
	}
	return ""
}
