package textnorm

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// simplify drops what is not visible and makes typographic characters plain.
func simplify(w *rewriter) {
	s := w.src
	for i := 0; i < len(s); {
		if c := s[i]; c >= ' ' && c < 0x7f && c != '`' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		switch with, ok := plain(r); {
		case r == utf8.RuneError && n == 1:
			w.replace(i, i+n, string(utf8.RuneError))
		case !ok:
		case r == softHyphen && endsLine(s[i+n:]):
			w.replace(i, i+n, "-") // for dehyphenate
		default:
			w.replace(i, i+n, with)
		}
		i += n
	}
}

// compose brings the text into form NFKC, and what comes of that into plain
// characters again.
func compose(w *rewriter) {
	s := w.src
	for i := 0; i < len(s); {
		i += norm.NFKC.QuickSpanString(s[i:])
		if i == len(s) {
			return
		}
		n := norm.NFKC.NextBoundaryInString(s[i:], true)
		w.replace(i, i+n, plainString(norm.NFKC.String(s[i:i+n])))
		i += n
	}
}

func plainString(s string) string {
	var b strings.Builder
	for _, r := range s {
		if with, ok := plain(r); ok {
			b.WriteString(with)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

const softHyphen = '\u00ad'

// plain returns what stands for a character that is not plain: the empty
// string for one that is dropped.
func plain(r rune) (string, bool) {
	switch {
	case r < 0x80:
		if r == '`' {
			return "'", true
		}
		return "", r == 0x7f || r < ' ' && !isSpace(byte(r))
	case r < 0x300:
		switch r {
		case 0x85:
			return "\n", true
		case softHyphen:
			return "", true
		case 0xa0:
			return " ", true
		case '«', '»':
			return `"`, true
		case '´', 'ʹ', 'ʻ', 'ʼ', 'ʽ', 'ˈ':
			return "'", true
		}
		return "", r < 0xa0
	case r < 0x2000:
		switch r {
		case 0x034f, 0x061c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180e, 0x180f:
			return "", true
		case 0x1680:
			return " ", true
		}
	case r < 0x2070:
		return plainPunctuation(r)
	case r == 0x2212, r == 0xfe58, r == 0xfe63, r == 0xff0d:
		return "-", true
	case r == 0x3000:
		return " ", true
	case r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff, r >= 0xfff0 && r <= 0xfffb, r >= 0xe0000 && r <= 0xe0fff:
		return "", true
	}
	return "", false
}

// plainPunctuation is plain for the block General Punctuation.
func plainPunctuation(r rune) (string, bool) {
	switch {
	case r <= 0x200a, r == 0x202f, r == 0x205f:
		return " ", true
	case r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060:
		return "", true
	case r <= 0x2015, r == 0x2043:
		return "-", true
	case r >= 0x2018 && r <= 0x201b, r == 0x2032, r == 0x2035, r == 0x2039, r == 0x203a:
		return "'", true
	case r >= 0x201c && r <= 0x201f, r == 0x2033, r == 0x2036:
		return `"`, true
	case r == 0x2028, r == 0x2029:
		return "\n", true
	case r == 0x2044:
		return "/", true
	}
	return "", false
}
