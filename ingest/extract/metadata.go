package extract

import (
	"slices"
	"strings"
	"unicode"

	"github.com/albert-search/albert-search/document"
)

// Keys of Text.Metadata. Only what the document states is there.
const (
	MetaAuthor   = "author"
	MetaDate     = "date"     // as the document writes it
	MetaLanguage = "language" // as the document writes it, mostly BCP 47
	MetaSubject  = "subject"
	MetaKeywords = "keywords"
	MetaCharset  = "charset" // lower-case WHATWG name; only where it is not UTF-8
)

// MaxTitle is the length in bytes to which titles, headings and metadata are
// cut: beyond it they are something else by mistake.
const MaxTitle = 1000

// OneLine makes a title or heading of s: white space runs become one space,
// characters that do not show are dropped.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == '\u00ad' {
			return -1
		}
		return r
	}, Cut(s, 4*MaxTitle))
	return Cut(strings.Join(strings.Fields(s), " "), MaxTitle)
}

// SetMeta stores a value unless it is empty.
func (t *Text) SetMeta(key, value string) {
	if value = OneLine(value); value == "" {
		return
	}
	if t.Metadata == nil {
		t.Metadata = map[string]string{}
	}
	t.Metadata[key] = value
}

// LeaveOut notes what is not in the Body although it is in the file. What was
// noted before under the same name is counted together.
func (t *Text) LeaveOut(what string, count, bytes int) {
	for i := range t.LeftOut {
		if l := &t.LeftOut[i]; l.What == what {
			l.Count += count
			l.Bytes += bytes
			return
		}
	}
	t.LeftOut = append(t.LeftOut, document.LeftOut{What: what, Count: count, Bytes: bytes})
	slices.SortFunc(t.LeftOut, func(a, b document.LeftOut) int { return strings.Compare(a.What, b.What) })
}
