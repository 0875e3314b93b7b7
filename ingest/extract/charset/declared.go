package charset

import (
	"bytes"
	"regexp"
)

const (
	// declaredWithin is how far into a text what it says of itself is looked for.
	// The HTML standard demands 1,024 bytes, which many pages do not keep to.
	declaredWithin = 4096
	// modeLines are the lines at either end in which editors look for theirs.
	modeLines = 5
)

// The ways of saying it. Each has the label as its last group.
var (
	declaredXML  = regexp.MustCompile(`^\s*<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9_:.-]{2,40})["']`)
	declaredMeta = regexp.MustCompile(`(?i)<meta\s[^>]{0,200}?\bcharset\s*=\s*["']?\s*([a-z0-9_:.-]{2,40})`)
	declaredCSS  = regexp.MustCompile(`^@charset "([A-Za-z0-9_:.-]{2,40})"`)
	// Emacs, Python and Ruby, in the first two lines.
	declaredCoding = regexp.MustCompile(`(?:-\*-.{0,100}?|^[ \t\f]*(?:#|//|;|%|--|/\*|\.\\"|").{0,100}?)\b(?:en)?coding[:=][ \t]*["']?([A-Za-z0-9_.-]{2,40})`)
	// Vim, in the first and the last lines.
	declaredVim = regexp.MustCompile(`\b(?:vim?|ex)[<=>0-9]*:.{0,100}?\b(?:fileencoding|fenc)=([A-Za-z0-9_.-]{2,40})`)
	// Emacs again, at the end.
	declaredLocal = regexp.MustCompile(`(?i)Local Variables:(?s:.{0,300}?)\n\W{0,8}coding:[ \t]*([A-Za-z0-9_.-]{2,40})`)
	// Messages, and translations of programs.
	declaredHeader = regexp.MustCompile(`(?im)^"?Content-Type:[^\r\n]{0,100}?\bcharset\s*=\s*["']?([a-z0-9_:.-]{2,40})`)
	declaredTeX    = regexp.MustCompile(`(?m)^[^%\r\n]{0,100}\\(?:usepackage\s*\[([a-z0-9-]{2,20})\]\s*\{inputenc\}|inputencoding\{([a-z0-9-]{2,20})\})`)
)

// Declared returns the set that a text itself names, by an XML declaration, an
// HTML meta element, a line for editors or interpreters, a header of a message,
// or as CSS and LaTeX do; nil if it names none that is known.
func Declared(b []byte) *Charset {
	head := b[:min(len(b), declaredWithin)]
	for _, find := range []func(head, whole []byte) []byte{
		func(head, _ []byte) []byte { return group(declaredXML, head) },
		func(head, _ []byte) []byte { return group(declaredCSS, head) },
		declaredByMeta, declaredByModeLine,
		func(head, _ []byte) []byte { return group(declaredHeader, head) },
		func(head, _ []byte) []byte { return group(declaredTeX, head) },
		func(_, whole []byte) []byte { return group(declaredLocal, whole[max(0, len(whole)-declaredWithin):]) },
	} {
		if label := find(head, b); label != nil {
			if c, ok := named(string(label)); ok {
				return c
			}
		}
	}
	return nil
}

func group(re *regexp.Regexp, b []byte) []byte {
	m := re.FindSubmatch(b)
	if m == nil {
		return nil
	}
	for _, g := range m[1:] {
		if g != nil {
			return g
		}
	}
	return nil
}

// declaredByMeta is for pages, also under other names: an element that a text
// speaks about says nothing of the text.
func declaredByMeta(head, _ []byte) []byte {
	if !bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")) {
		return nil
	}
	return group(declaredMeta, head)
}

func declaredByModeLine(head, whole []byte) []byte {
	rest := head
	for n := range modeLines {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if n < 2 {
			if label := group(declaredCoding, line); label != nil {
				return label
			}
		}
		if label := group(declaredVim, line); label != nil {
			return label
		}
		rest = after
	}
	rest = bytes.TrimRight(whole[max(0, len(whole)-declaredWithin):], "\r\n")
	for range modeLines {
		i := bytes.LastIndexByte(rest, '\n')
		if label := group(declaredVim, rest[i+1:]); label != nil {
			return label
		}
		rest = rest[:max(i, 0)]
	}
	return nil
}

// named is Get by the names of editors and of LaTeX, too.
func named(label string) (*Charset, bool) {
	switch label {
	case "ansinew":
		label = "windows-1252"
	case "applemac":
		label = "macintosh"
	case "utf8x":
		label = "utf-8"
	}
	for _, suffix := range []string{"-unix", "-dos", "-mac"} {
		if n := len(label) - len(suffix); n > 1 && label[n:] == suffix {
			label = label[:n]
		}
	}
	return Get(label)
}
