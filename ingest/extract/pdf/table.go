package pdf

import (
	"github.com/albert-search/albert-search/document"
)

// minTableRows is how many rows with cells below each other make a table.
const minTableRows = 3

// maxCells is how many cells a row may have.
const maxCells = 100

// tableAt returns how many of the lines at the beginning are rows of a table, 0
// if there is none: lines of several segments that stand below each other.
func tableAt(lines []line) int {
	if len(lines[0].segments) < 2 || len(lines[0].segments) > maxCells {
		return 0
	}
	n := 1
	for n < len(lines) {
		a, b := &lines[n-1], &lines[n]
		drop := a.bottom - b.bottom
		if b.part != a.part || b.turn != a.turn || drop < 0.3*b.size || drop > 4*max(a.size, b.size) || len(b.segments) < 2 || len(b.segments) > maxCells || aligned(a, b) < 2 {
			break
		}
		n++
	}
	if n < minTableRows {
		return 0
	}
	return n
}

// aligned counts the cells of b that stand below one of a: with the same left
// or right edge or the same middle.
func aligned(a, b *line) int {
	n := 0
	for _, q := range b.segments {
		for _, p := range a.segments {
			slack := 0.6 * max(p.size, q.size)
			if abs(p.left-q.left) < slack || abs(p.right-q.right) < slack || abs(p.left+p.right-q.left-q.right) < 2*slack {
				n++
				break
			}
		}
	}
	return n
}

// table appends the rows of a table.
func (l *layouter) table(rows []line) {
	for i, r := range rows {
		kind := document.TableRow
		if i == 0 && isHeader(rows) {
			kind = document.TableHeader
		}
		l.parts = append(l.parts, part{kind: kind, lines: []line{r}})
	}
}

// isHeader reports whether the first row of a table names the columns: it is
// bold and the second is not, or it has no number where the other rows have.
func isHeader(rows []line) bool {
	if rows[0].bold != rows[1].bold {
		return rows[0].bold
	}
	return !hasDigit(&rows[0]) && hasDigit(&rows[1]) && hasDigit(&rows[len(rows)-1])
}

func hasDigit(l *line) bool {
	for _, p := range l.segments {
		for _, w := range p.words {
			for _, r := range w.text {
				if '0' <= r && r <= '9' {
					return true
				}
			}
		}
	}
	return false
}
