package extract

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits bound what is spent on one file.
type Limits struct {
	// TextBytes is how much text is kept. Of plain text, Markdown and HTML no
	// more than that much of the file is read at all. The rest is reported in
	// Text.Note.
	TextBytes int64
	// ExpandedBytes is how much of the parts of an archive is read once
	// decompressed, and Ratio how many times larger than compressed a part
	// may become; a part beyond either is a failure (ErrTooLarge). Ratio
	// does not count for parts below 1 MiB.
	ExpandedBytes int64
	Ratio         int64
	// Entries is how many files an archive may hold.
	Entries int
	// Depth is how deeply the elements of XML and HTML may be nested. Deeper
	// XML is a failure; deeper HTML is read without its structure.
	Depth int
	// Pages is how many pages of a PDF are read. The rest is reported in
	// Text.Note.
	Pages int
	// Memory, in bytes, is what the reader of one file may take: of a PDF the
	// memory of its sandbox, at most 4 GiB; in package sandbox what the
	// process that reads holds resident. The other readers keep to what the
	// limits above lead to.
	Memory int64
	// Time is how long reading may take, not counting how long a file waits
	// for others and for its reader to start. Of a PDF the pages read by then
	// are kept, if there are any.
	Time time.Duration
}

// DefaultLimits are the limits that a zero Limits stands for.
func DefaultLimits() Limits {
	return Limits{
		TextBytes:     20 << 20,
		ExpandedBytes: 256 << 20,
		Ratio:         200,
		Entries:       10_000,
		Depth:         256,
		Pages:         20_000,
		Memory:        256 << 20,
		Time:          30 * time.Second,
	}
}

// WithDefaults returns the limits with those of DefaultLimits for zeros.
func (l Limits) WithDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		TextBytes:     cmp.Or(l.TextBytes, d.TextBytes),
		ExpandedBytes: cmp.Or(l.ExpandedBytes, d.ExpandedBytes),
		Ratio:         cmp.Or(l.Ratio, d.Ratio),
		Entries:       cmp.Or(l.Entries, d.Entries),
		Depth:         cmp.Or(l.Depth, d.Depth),
		Pages:         cmp.Or(l.Pages, d.Pages),
		Memory:        cmp.Or(l.Memory, d.Memory),
		Time:          cmp.Or(l.Time, d.Time),
	}
}

// MaxHeadings is how many headings of a document are kept: beyond it they lead
// nowhere, and each costs more memory than its text.
const MaxHeadings = 100_000

// MaxBlocks is how many blocks a text is made of at most: each takes 32 bytes,
// and a text of nothing but line ends would have one for every two of its own.
const MaxBlocks = 1 << 20

// MaxPlaces is how many places a text has at most, and MaxBoxes how many boxes:
// they take some 200 and 40 bytes each. A reader keeps to the first; boxes beyond
// the second are dropped.
const (
	MaxPlaces = 1 << 20
	MaxBoxes  = 2 << 20
)

// Cut shortens s to at most n bytes, at the end of a character.
func Cut(s string, n int64) string {
	if int64(len(s)) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// Notes collect what could not be read of a file.
type Notes []string

// Add appends a note.
func (n *Notes) Add(format string, a ...any) { *n = append(*n, fmt.Sprintf(format, a...)) }

// String joins the notes to one.
func (n Notes) String() string { return strings.Join(n, "; ") }

// joinNotes adds a note to others.
func joinNotes(others, note string) string {
	if others == "" {
		return note
	}
	return Notes{others, note}.String()
}

// Bytes writes a size for people.
func Bytes(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}
