package extract

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// detectWindow is how much of a text the detector of character sets looks at,
// beginning shortly before the first byte that is not ASCII.
const detectWindow = 64 << 10

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

// decode makes valid UTF-8 of the bytes of a text. declared is the character
// set that the text itself names, empty if it does not; a byte order mark
// counts more, and so does the fact that the bytes are valid UTF-8. partial
// says that b ends where reading stopped, not where the file does.
func decode(b []byte, declared string, partial bool) (Decoded, error) {
	if enc, name, mark := byteOrderMark(b); enc != nil {
		return decodeAs(b[mark:], enc, name)
	} else if mark > 0 {
		return decodeUTF8(b[mark:])
	}
	if partial {
		b = trimPartialRune(b)
	}
	if enc, name := unmarkedUTF16(b); enc != nil {
		return decodeAs(b, enc, name)
	}
	if mostlyUTF8(b) && !bytes.Contains(b[:min(len(b), detectWindow)], []byte("\x1b$")) {
		return decodeUTF8(b)
	}
	if declared != "" {
		if enc, err := htmlindex.Get(declared); err == nil && enc != unicode.UTF8 {
			return decodeAs(b, enc, encodingName(enc))
		}
	}
	enc, name := detect(b)
	return decodeAs(b, enc, name)
}

// byteOrderMark returns the encoding that the mark at the start of b stands
// for and the mark's length. For UTF-8 the encoding is nil.
func byteOrderMark(b []byte) (encoding.Encoding, string, int) {
	switch {
	case bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")):
		return nil, "utf-8", 3
	case bytes.HasPrefix(b, []byte("\xFF\xFE\x00\x00")):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "utf-32le", 4
	case bytes.HasPrefix(b, []byte("\x00\x00\xFE\xFF")):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), "utf-32be", 4
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le", 2
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be", 2
	}
	return nil, "", 0
}

// unmarkedUTF16 recognises UTF-16 without a byte order mark by the high bytes
// of its spaces, line ends, digits and Latin letters: they are zero, and lie
// all at even or all at odd places.
func unmarkedUTF16(b []byte) (encoding.Encoding, string) {
	b = b[:min(len(b), detectWindow)&^1]
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
	case units == 0:
	case zero[0] > units/16 && zero[0] > 20*zero[1]:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be"
	case zero[1] > units/16 && zero[1] > 20*zero[0]:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le"
	}
	return nil, ""
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

// detect guesses the encoding of b, which is not UTF-8.
func detect(b []byte) (encoding.Encoding, string) {
	start := bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf || r == 0x1b })
	start = max(0, start-256)
	guess := chardet.Detect(b[start:min(len(b), start+detectWindow)])
	enc, err := htmlindex.Get(strings.ToLower(guess.Encoding))
	// The detector is not to be relied on for short Western texts, and the
	// Latin sets differ little: below 0.7 the most common one it is.
	latin := strings.HasPrefix(strings.ToUpper(guess.Encoding), "ISO-8859-")
	if err != nil || enc == unicode.UTF8 || guess.Confidence < 0.3 || latin && guess.Confidence < 0.7 {
		return charmap.Windows1252, "windows-1252"
	}
	return enc, encodingName(enc)
}

func encodingName(enc encoding.Encoding) string {
	name, err := htmlindex.Name(enc)
	if err != nil {
		return fmt.Sprint(enc)
	}
	return name
}

func decodeAs(b []byte, enc encoding.Encoding, name string) (Decoded, error) {
	u, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return Decoded{}, fmt.Errorf("decoding %s: %w", name, err)
	}
	d := Decoded{Text: string(u), Charset: name}
	// Where every byte is some character only controls tell data from text.
	if n := controls(d.Text); n > 0 {
		return Decoded{}, fmt.Errorf("%w: %d control characters", ErrBinary, n)
	}
	if n := strings.Count(d.Text, "\uFFFD"); n > 0 {
		if 10*n > utf8.RuneCountInString(d.Text) {
			return Decoded{}, fmt.Errorf("%w: %d byte sequences are no text in any encoding known", ErrBinary, n)
		}
		d.Notes.Add("%d byte sequences that are not valid %s were replaced", n, name)
	}
	return d, nil
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
		d.Text = strings.Map(func(r rune) rune {
			if IsControl(r) {
				return ' '
			}
			return r
		}, d.Text)
		d.Notes.Add("%d NUL bytes or other control characters were replaced by spaces", c)
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
	_, err := decode(head, "", true)
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
