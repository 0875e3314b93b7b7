package extract

import (
	"strings"
	"unicode"
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

// maxTitle is the length in bytes to which titles, headings and metadata are
// cut: beyond it they are something else by mistake.
const maxTitle = 1000

// oneLine makes a title or heading of s: white space runs become one space,
// characters that do not show are dropped.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == '\u00ad' {
			return -1
		}
		return r
	}, cut(s, 4*maxTitle))
	return cut(strings.Join(strings.Fields(s), " "), maxTitle)
}

// setMeta stores a value unless it is empty.
func (t *Text) setMeta(key, value string) {
	if value = oneLine(value); value == "" {
		return
	}
	if t.Metadata == nil {
		t.Metadata = map[string]string{}
	}
	t.Metadata[key] = value
}
