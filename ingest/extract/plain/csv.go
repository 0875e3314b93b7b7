package plain

import (
	"bytes"
	"context"
	"strings"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// CSV returns the format of tables in text, with commas, semicolons, tabs or bars
// between the cells. Each row is a block. In the Body there are tabs between the
// cells and spaces for quotation marks, so that nothing changes its line and
// column.
func CSV() extract.Format {
	return extract.Format{
		Name: "csv", Title: "a table in a text file",
		MediaTypes: []string{"text/csv", "text/tab-separated-values"},
		Extensions: []string{"csv", "tsv", "tab", "psv"},
		Text:       true, Verbatim: true, Lines: extract.Preformatted,
		Version: 1, Read: readCSV,
	}
}

func readCSV(ctx context.Context, in *extract.Input) (*extract.Text, error) {
	t, err := read(in)
	if err != nil {
		return nil, err
	}
	delimiter, columns := sniffDelimiter(t.Body)
	if delimiter == 0 {
		t.Blocks = structure.Code(t.Body) // it has one column, or is no table
		return t, nil
	}
	body := []byte(t.Body)
	var blocks structure.Blocks
	header := -1 // how many columns it has; -1 before it
	last := 0
	for at := 0; at < len(body); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		next, cells := row(body[at:], delimiter, true)
		next += at
		kind := document.TableRow
		switch text := bytes.TrimSpace(body[at:next]); {
		case len(text) == 0:
			at = next
			continue
		case header < 0 && 2*cells <= columns, text[0] == '#':
			kind = document.Paragraph // a title above the table, or a remark
		case header < 0:
			header = 0
			if isHeader(string(body[at:next]), t.Body[next:], delimiter) {
				kind = document.TableHeader
			}
		}
		blocks.Begin(at, kind, 0)
		at, last = next, next
	}
	t.Body = string(body)
	t.Blocks = blocks.Finish(max(last, len(body)))
	return t, nil
}

// longestRow is the length in bytes of the longest row: a quotation mark that is
// never closed does not make one row of a file.
const longestRow = 64 << 10

// row returns how long the first row of s is, with its line end, and how many
// cells it has. With write it puts tabs between the cells, and spaces in place of
// quotation marks.
func row(s []byte, delimiter byte, write bool) (length, cells int) {
	cells = 1
	first := true // at the beginning of a cell
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n':
			return i + 1, cells
		case c == '"' && first:
			end := quoted(s[i:])
			if end == 0 {
				break
			}
			if write {
				unquote(s[i : i+end])
			}
			i += end - 1
		case c == delimiter:
			cells++
			if write {
				s[i] = '\t'
			}
			first = true
			continue
		case c == '\t' && write:
			s[i] = ' '
		}
		first = first && s[i] == ' '
	}
	return len(s), cells
}

// quoted returns the length of the quoted cell that s begins with, 0 if its
// quotation mark is not closed.
func quoted(s []byte) int {
	for i := 1; i < len(s) && i < longestRow; i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return i + 1
	}
	return 0
}

// unquote puts spaces in place of the quotation marks around a cell, and of tabs
// and every other of the doubled marks in it.
func unquote(cell []byte) {
	cell[0], cell[len(cell)-1] = ' ', ' '
	for i := 1; i < len(cell)-1; i++ {
		switch {
		case cell[i] == '\t':
			cell[i] = ' '
		case cell[i] == '"' && cell[i+1] == '"':
			cell[i] = ' '
			i++
		}
	}
}

// sniffDelimiter returns the delimiter that most of the first rows have the same
// number of, and how many columns that makes; 0 if there is none.
func sniffDelimiter(body string) (delimiter byte, columns int) {
	const rows, enough = 50, 256 << 10
	head := []byte(extract.Cut(body, enough))
	best := 0
	for _, d := range []byte{'\t', ';', ',', '|'} {
		counts := map[int]int{}
		n := 0
		for at := 0; at < len(head) && n < rows; n++ {
			length, cells := row(head[at:], d, false)
			if len(bytes.TrimSpace(head[at:at+length])) > 0 {
				counts[cells]++
			}
			at += length
		}
		for cells, count := range counts {
			// More rows of one width count for more than more columns.
			if score := count*1000 + min(cells, 999); cells > 1 && 2*count >= n-1 && score > best {
				delimiter, columns, best = d, cells, score
			}
		}
	}
	return delimiter, columns
}

// isHeader reports whether a row has the names of the columns: no numbers, nothing
// twice, nothing empty between others. first is written already, with tabs; rest
// is what follows.
func isHeader(first, rest string, delimiter byte) bool {
	if strings.TrimSpace(rest) == "" {
		return false
	}
	const longest = 100
	seen := map[string]bool{}
	for cell := range strings.SplitSeq(strings.TrimRight(first, "\r\n"), "\t") {
		cell = strings.TrimSpace(cell)
		if cell == "" {
			continue
		}
		if seen[cell] || utf8.RuneCountInString(cell) > longest || isNumber(cell) {
			return false
		}
		seen[cell] = true
	}
	return len(seen) > 1 || len(seen) == 1 && delimiter == '\t'
}

// isNumber reports whether a cell has a number, a date or a time and nothing else.
func isNumber(cell string) bool {
	digits := 0
	for i := 0; i < len(cell); i++ {
		switch c := cell[i]; {
		case c >= '0' && c <= '9':
			digits++
		case strings.IndexByte("+-.,:/% eEtTzZ", c) < 0:
			return false
		}
	}
	return digits > 0
}
