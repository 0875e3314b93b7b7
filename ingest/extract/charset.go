package extract

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest/extract/charset"
)

// detectWindow is how much of a text is looked at for signs of UTF-16.
const detectWindow = 64 << 10

// controlEvery says that a text which is not in UTF-8 may have one control
// character by mistake for so many others, and firstControl how many it takes
// for the first.
const (
	controlEvery = 100
	firstControl = 20
)

// maxControls is the share of control characters above which something is
// binary data and not a text with a few stray bytes.
const maxControls = 0.30

// Decoded is a text in UTF-8.
type Decoded struct {
	Text    string
	Charset string // lower-case WHATWG name; "utf-8" when the bytes are those of the file
	// Notes say what was replaced and what was left out.
	Notes Notes
}

// Describe notes the character set in t's metadata, unless it is UTF-8.
func (d *Decoded) Describe(t *Text) {
	if d.Charset != "utf-8" {
		t.SetMeta(MetaCharset, d.Charset)
	}
}

// decoder makes texts of the bytes of files.
type decoder struct {
	// given is the set that the user names, nil if none; it counts more than what
	// a text says of itself.
	given *charset.Charset
}

// decode makes valid UTF-8 of the bytes of a text. declared is the character
// set that is said of the text elsewhere, empty if there is none; a byte order
// mark counts more, and so does the fact that the bytes are UTF-8. partial says
// that b ends where reading stopped, not where the file does.
func (d decoder) decode(b []byte, declared string, partial bool) (Decoded, error) {
	if c, mark := charset.ByteOrderMark(b); c != nil {
		return decodeAs(b[mark:], c)
	}
	if partial {
		b = trimPartialRune(b)
	}
	if c := unmarkedUnicode(b); c != nil && d.given == nil {
		return decodeAs(b, c)
	}
	escaped := charset.Escaped(b)
	if d.given != nil && (d.given.IsUTF8() || !utf8.Valid(b) || escaped != nil || isASCII(b)) {
		return decodeAs(b, d.given)
	}
	if escaped == nil && mostlyUTF8(b) {
		return decodeUTF8(b)
	}
	if c := declaredSet(b, declared); c != nil {
		return decodeAs(b, c)
	}
	return decodeGuessed(b)
}

func isASCII(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c >= utf8.RuneSelf })
}

// declaredSet is the set that is declared elsewhere, or in the text itself, if
// the text may be in it: what copies and converts texts leaves their
// declarations as they are. UTF-8 and UTF-16 are ruled out before.
func declaredSet(b []byte, elsewhere string) *charset.Charset {
	c, ok := charset.Get(elsewhere)
	if !ok {
		c = charset.Declared(b)
	}
	if c == nil || c.IsUTF8() || strings.HasPrefix(c.Name, "utf-") || !charset.Plausible(c, b) {
		return nil
	}
	return c
}

// decodeGuessed decodes a text that says nothing of itself, and notes a doubt.
func decodeGuessed(b []byte) (Decoded, error) {
	g := charset.Detect(b)
	if n := controls(string(b)); n > 0 && (!g.Text || !g.Sure) && g.Charset.Name != "iso-2022-kr" {
		if c := charset.UTF16(b); c != nil {
			return decodeAs(b, c)
		}
		return Decoded{}, fmt.Errorf("%w: %d control characters", ErrBinary, n)
	}
	d, err := decodeAs(b, g.Charset)
	if err == nil && (!g.Sure || !g.Text) {
		if g.Other != nil {
			d.Notes.Add("its encoding is a guess: %s, perhaps %s", g.Charset.Name, g.Other.Name)
		} else {
			d.Notes.Add("its encoding is a guess: %s", g.Charset.Name)
		}
	}
	return d, err
}

// unmarkedUnicode recognises UTF-16 and UTF-32 without a byte order mark by
// where in their units bytes are zero.
func unmarkedUnicode(b []byte) *charset.Charset {
	name := ""
	b = b[:min(len(b), detectWindow)]
	if len(b)%4 == 0 {
		name = unmarkedUTF32(b)
	}
	if name == "" {
		name = unmarkedUTF16(b[:len(b)&^1])
	}
	c, _ := charset.Get(name)
	return c
}

// unmarkedUTF32 goes by the upper half of its units: the highest byte is always
// zero, and the next one for all but rare characters.
func unmarkedUTF32(b []byte) string {
	var zero [4]int
	for i, c := range b {
		if c == 0 {
			zero[i&3]++
		}
	}
	units := len(b) / 4
	most := func(n int) bool { return 20*n > 19*units }
	switch {
	case most(zero[3]) && most(zero[2]) && !most(zero[0]):
		return "utf-32le"
	case most(zero[0]) && most(zero[1]) && !most(zero[3]):
		return "utf-32be"
	}
	return ""
}

// unmarkedUTF16 goes by the high bytes of spaces, line ends, digits and Latin
// letters: they are zero, and lie all at even or all at odd places.
func unmarkedUTF16(b []byte) string {
	var zero [2]int
	for i, c := range b {
		if c == 0 {
			zero[i&1]++
		}
	}
	units := len(b) / 2
	// One zero in 16 units: even texts without Latin letters have that many
	// spaces and line ends. Some zeros on the other side are tolerated.
	switch {
	case units < 2:
	case zero[0] > units/16 && zero[0] > 20*zero[1] && !isASCIIWithNULs(b, 0):
		return "utf-16be"
	case zero[1] > units/16 && zero[1] > 20*zero[0] && !isASCIIWithNULs(b, 1):
		return "utf-16le"
	}
	return ""
}

// isASCIIWithNULs reports whether units of which no byte is zero are mostly two
// characters of ASCII: then it is text with NULs in it, as programs write it to
// separate names. high is where the high byte of a unit is.
func isASCIIWithNULs(b []byte, high int) bool {
	printable := func(c byte) bool { return c >= ' ' && c < 0x7f || c == '\n' || c == '\t' || c == '\r' }
	ascii, other := 0, 0
	for i := 0; i+1 < len(b); i += 2 {
		switch {
		case b[i+high] == 0:
		case printable(b[i]) && printable(b[i+1]):
			ascii++
		default:
			other++
		}
	}
	return ascii > 2*other
}

// mostlyUTF8 reports whether b is UTF-8, perhaps with a few damaged places.
// Text in another encoding hardly ever holds well-formed sequences of several
// bytes, and text in UTF-8 holds more of them than damage.
func mostlyUTF8(b []byte) bool {
	if utf8.Valid(b) {
		return true
	}
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good > 2*bad
}

// decodeAs decodes text that is in a set, perhaps with a few bytes that are not.
func decodeAs(b []byte, c *charset.Charset) (Decoded, error) {
	if c.IsUTF8() {
		return decodeUTF8(b)
	}
	text, err := c.Decode(b)
	if err != nil {
		return Decoded{}, err
	}
	d := Decoded{Text: text, Charset: c.Name}
	characters := utf8.RuneCountInString(text)
	// Where every byte is some character only controls tell data from text.
	if n := controls(text); n > (characters+controlEvery-firstControl)/controlEvery {
		return Decoded{}, fmt.Errorf("%w: %d control characters", ErrBinary, n)
	} else if n > 0 {
		d.spaceControls(n)
	}
	if n := strings.Count(d.Text, "\uFFFD"); n > 0 {
		if 10*n > characters {
			return Decoded{}, fmt.Errorf("%w: %d byte sequences are no text in any encoding known", ErrBinary, n)
		}
		d.Notes.Add("%d byte sequences that are not valid %s were replaced", n, c.Name)
	}
	return d, nil
}

// spaceControls replaces the n control characters of a text by spaces.
func (d *Decoded) spaceControls(n int) {
	d.Text = strings.Map(func(r rune) rune {
		if IsControl(r) {
			return ' '
		}
		return r
	}, d.Text)
	d.Notes.Add("%d NUL bytes or other control characters were replaced by spaces", n)
}

// decodeUTF8 keeps the bytes as they are, so that offsets are those of the
// file; only damage is replaced, NUL bytes and the like by as many spaces.
func decodeUTF8(b []byte) (Decoded, error) {
	d := Decoded{Text: string(b), Charset: "utf-8"}
	if !utf8.ValidString(d.Text) {
		bad := len(d.Text) - len(strings.ToValidUTF8(d.Text, ""))
		d.Text = strings.ToValidUTF8(d.Text, "\uFFFD")
		d.Notes.Add("%d bytes that are not valid UTF-8 were replaced", bad)
	}
	if c := controls(d.Text); c > 0 {
		if float64(c) > maxControls*float64(len(d.Text)) {
			return Decoded{}, fmt.Errorf("%w: %d control characters in %s", ErrBinary, c, Bytes(int64(len(b))))
		}
		d.spaceControls(c)
	}
	return d, nil
}

// IsControl reports whether r has no business in a text. White space, form
// feeds, backspaces of old manual pages and escape sequences have.
func IsControl(r rune) bool {
	switch r {
	case '\t', '\n', '\v', '\f', '\r', '\b', 0x1b, 0x1a:
		return false
	}
	return r < 0x20 || r == 0x7f
}

func controls(s string) int {
	n := 0
	for i := range len(s) {
		if IsControl(rune(s[i])) {
			n++
		}
	}
	return n
}

// looksBinary reports whether the first bytes of a file are those of a text.
func looksBinary(head []byte) bool {
	_, err := decoder{}.decode(head, "", true)
	return err != nil
}

// trimPartialRune removes a character at the end of b that was cut in two.
func trimPartialRune(b []byte) []byte {
	for i := 1; i <= min(utf8.UTFMax-1, len(b)); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}
