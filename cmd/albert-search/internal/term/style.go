package term

import (
	"os"

	"golang.org/x/term"
)

// Style is how a text is set off. The zero Style changes nothing.
type Style string

// The styles, as SGR parameters of ECMA-48.
const (
	Plain  Style = ""
	Bold   Style = "1"
	Dim    Style = "2"
	Match  Style = "1;31" // bold red, as grep has it
	Answer Style = "1;32"
	Place  Style = "35"
)

// On returns s in the style.
func (st Style) On(s string) string {
	if st == Plain || s == "" {
		return s
	}
	return "\x1b[" + string(st) + "m" + s + "\x1b[0m"
}

// IsTerminal reports whether a person looks at what is written to f.
func IsTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

const (
	defaultColumns = 80
	// Longer lines are hard to read.
	maxColumns = 100
	minColumns = 40
)

// Columns is how wide to print on f: 80 where nobody looks.
func Columns(f any) int {
	if !IsTerminal(f) {
		return defaultColumns
	}
	columns, _, err := term.GetSize(int(f.(*os.File).Fd()))
	if err != nil {
		return defaultColumns
	}
	return min(max(columns, minColumns), maxColumns)
}
