// Package term prints text of unknown origin on terminals: it makes control
// characters visible, wraps by the width that letters have on screen and
// marks ranges.
package term

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape returns s with everything made visible that a terminal would obey or
// that would show something other than what is there: control characters,
// characters that change the direction of writing, invalid UTF-8.
func Escape(s string) string {
	if strings.IndexFunc(s, special) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case !special(r):
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// special is also true of U+FFFD, which may stand for invalid UTF-8.
func special(r rune) bool {
	switch {
	case r == utf8.RuneError, unicode.IsControl(r):
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069: // bidirectional embeddings, overrides, isolates
		return true
	case r == 0x2028, r == 0x2029: // line and paragraph separators
		return true
	}
	return false
}

// OneLine returns s with each run of white space made one space, and Escaped.
func OneLine(s string) string {
	return Escape(strings.Join(strings.Fields(s), " "))
}
