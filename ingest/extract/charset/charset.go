// Package charset decodes texts of all character sets in use: it finds a set by
// its many names, reads what a text says of itself, and tells the set of a text
// that says nothing by how well its letters follow each other.
package charset

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Charset is a character set of texts.
type Charset struct {
	// Name is in lower case, that of the WHATWG standard where it has the set.
	Name string
	// single has the characters of a set of one byte each; nil for others,
	// which have enc. UTF-8 has neither.
	single *[256]rune
	enc    encoding.Encoding
}

// IsUTF8 reports whether the set is UTF-8.
func (c *Charset) IsUTF8() bool { return c.single == nil && c.enc == nil }

// Decode returns the text of b in UTF-8. What is no character of the set
// becomes U+FFFD.
func (c *Charset) Decode(b []byte) (string, error) {
	switch {
	case c.single != nil:
		out := make([]byte, 0, len(b)+len(b)/4)
		for _, x := range b {
			out = utf8.AppendRune(out, c.single[x])
		}
		return string(out), nil
	case c.enc != nil:
		u, err := c.enc.NewDecoder().Bytes(b)
		if err != nil {
			return "", fmt.Errorf("decoding %s: %w", c.Name, err)
		}
		return string(u), nil
	}
	return strings.ToValidUTF8(string(b), "\uFFFD"), nil
}

// UTF8 returns the set of most texts.
func UTF8() *Charset { return &Charset{Name: "utf-8"} }

// ByteOrderMark returns the set that the mark at the start of b stands for, and
// the length of the mark; nil where there is none.
func ByteOrderMark(b []byte) (*Charset, int) {
	for _, m := range []struct{ mark, name string }{
		{"\xEF\xBB\xBF", "utf-8"},
		{"\xFF\xFE\x00\x00", "utf-32le"}, // before UTF-16, whose mark it begins with
		{"\x00\x00\xFE\xFF", "utf-32be"},
		{"\xFF\xFE", "utf-16le"},
		{"\xFE\xFF", "utf-16be"},
		{"\x84\x31\x95\x33", "gb18030"},
	} {
		if bytes.HasPrefix(b, []byte(m.mark)) {
			c, _ := Get(m.name)
			return c, len(m.mark)
		}
	}
	return nil, 0
}

// Get returns the set that a label names, as texts, protocols, editors and
// programs of several systems write it: "ISO_8859-2", "latin2", "CP1250",
// "ibm855", "x-mac-cyrillic".
func Get(label string) (*Charset, bool) {
	label = strings.ToLower(strings.TrimSpace(label))
	if len(label) > 40 {
		return nil, false
	}
	if name, ok := aliases()[squeezed(label)]; ok {
		label = name
	}
	if c := sets().own[label]; c != nil {
		return c, true
	}
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, false
	}
	name, err := htmlindex.Name(enc)
	if err != nil || name == "replacement" || name == "x-user-defined" {
		return nil, false
	}
	if enc == unicode.UTF8 {
		return UTF8(), true
	}
	if m, ok := enc.(*charmap.Charmap); ok {
		return &Charset{Name: name, single: runesOf(m)}, true
	}
	return &Charset{Name: name, enc: enc}, true
}

// squeezed is a label without what its writers disagree about: separators, and
// the prefixes of those who numbered code pages.
func squeezed(label string) string {
	s := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.TrimPrefix(label, "cs"))
	for _, prefix := range []string{"x", "ibm", "cp", "dos", "oem", "ms", "win", "codepage", "pc"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return rest
		}
	}
	return strings.TrimPrefix(s, "x")
}

// aliases are names by their squeezed labels, of sets that htmlindex does not
// know or knows by fewer names.
var aliases = sync.OnceValue(func() map[string]string {
	out := map[string]string{
		"932": "shift_jis", "943": "shift_jis", "windows31j": "shift_jis", "mskanji": "shift_jis", "shiftjis2004": "shift_jis", "shiftjisx0213": "shift_jis",
		"936": "gbk", "54936": "gb18030", "gb180302022": "gb18030", "euccn": "gbk", "eucgb2312cn": "gbk",
		"949": "euc-kr", "uhc": "euc-kr", "51949": "euc-kr", "ksc5601": "euc-kr", "ksx1001": "euc-kr",
		"950": "big5", "big5hkscs2004": "big5", "51932": "euc-jp", "ujis": "euc-jp", "eucjis2004": "euc-jp", "eucjisx0213": "euc-jp",
		"50220": "iso-2022-jp", "50221": "iso-2022-jp", "iso2022jp1": "iso-2022-jp", "iso2022jp2": "iso-2022-jp", "iso2022jpext": "iso-2022-jp",
		"1361": "johab", "iso2022kr": "iso-2022-kr", "50225": "iso-2022-kr", "hz": "hz-gb-2312", "hzgb": "hz-gb-2312", "hzgb2312": "hz-gb-2312",
		"utf8sig": "utf-8", "utf8mb4": "utf-8", "65001": "utf-8", "utf8unix": "utf-8", "utf8dos": "utf-8", "utf8mac": "utf-8", "utf8emacs": "utf-8",
		"ascii": "windows-1252", "usascii": "windows-1252", "ansi": "windows-1252", "20127": "windows-1252", "latin0": "iso-8859-15",
		"utf16": "utf-16le", "ucs2": "utf-16le", "1200": "utf-16le", "utf16le": "utf-16le", "ucs2le": "utf-16le", "unicode": "utf-16le",
		"1201": "utf-16be", "utf16be": "utf-16be", "ucs2be": "utf-16be",
		"utf32": "utf-32le", "ucs4": "utf-32le", "utf32le": "utf-32le", "ucs4le": "utf-32le", "12000": "utf-32le", "utf32be": "utf-32be", "ucs4be": "utf-32be", "12001": "utf-32be",
		"874": "windows-874", "tis620": "windows-874", "tis6200": "windows-874", "tis62025291": "windows-874",
		"latin7": "iso-8859-13", "latin8": "iso-8859-14", "latin9": "iso-8859-15", "latin10": "iso-8859-16", "88591": "iso-8859-1",
		"macroman": "macintosh", "macwestern": "macintosh", "mac": "macintosh", "10000": "macintosh", "macstandardroman": "macintosh",
		"maccyrillic": "x-mac-cyrillic", "macukraine": "x-mac-cyrillic", "macukrainian": "x-mac-cyrillic", "10007": "x-mac-cyrillic", "10017": "x-mac-cyrillic",
		"maccentraleurroman": "x-mac-centraleurroman", "maccentraleurope": "x-mac-centraleurroman", "macce": "x-mac-centraleurroman", "maclatin2": "x-mac-centraleurroman",
		"macceneuro": "x-mac-centraleurroman", "maccenteuro": "x-mac-centraleurroman", "10029": "x-mac-centraleurroman",
		"maccroatian": "x-mac-croatian", "10082": "x-mac-croatian", "macgreek": "x-mac-greek", "10006": "x-mac-greek", "maciceland": "x-mac-icelandic", "macicelandic": "x-mac-icelandic", "10079": "x-mac-icelandic",
		"macromania": "x-mac-romanian", "macromanian": "x-mac-romanian", "10010": "x-mac-romanian", "macturkish": "x-mac-turkish", "10081": "x-mac-turkish",
		"20866": "koi8-r", "koi8": "koi8-r", "koi": "koi8-r", "21866": "koi8-u", "koi8ru": "koi8-u", "koi8u": "koi8-u", "koi8r": "koi8-r", "kz1048": "kz-1048", "strk1048": "kz-1048", "rk1048": "kz-1048",
		"pt154": "ptcp154", "154": "ptcp154", "cyrillicasian": "ptcp154", "00858": "ibm858", "ebcdiccpus": "ibm037", "ebcdic": "ibm037", "01140": "ibm1140",
	}
	for _, n := range []string{"037", "437", "720", "737", "775", "850", "852", "855", "857", "858", "860", "861", "862", "863", "865", "866", "869", "1047", "1125", "1140"} {
		out[n] = "ibm" + n
	}
	out["37"], out["866"] = "ibm037", "ibm866"
	for n := range 9 {
		out[fmt.Sprint("125", n)] = fmt.Sprint("windows-125", n)
		out[fmt.Sprint("windows125", n)] = fmt.Sprint("windows-125", n)
	}
	for n := 1; n <= 16; n++ {
		for _, form := range []string{"iso8859%d", "8859%d", "iso88590%d", "2859%d"} {
			out[fmt.Sprintf(form, n)] = fmt.Sprintf("iso-8859-%d", n)
		}
	}
	out["28605"], out["28603"] = "iso-8859-15", "iso-8859-13"
	return out
})

type setsByName struct {
	own map[string]*Charset // what htmlindex does not have
}

var sets = sync.OnceValue(func() setsByName {
	own := map[string]*Charset{}
	add := func(c *Charset) { own[c.Name] = c }
	for name, upper := range codePages() {
		add(&Charset{Name: name, single: withASCII(upper)})
	}
	for name, m := range map[string]*charmap.Charmap{
		"ibm037": charmap.CodePage037, "ibm437": charmap.CodePage437, "ibm850": charmap.CodePage850, "ibm852": charmap.CodePage852,
		"ibm855": charmap.CodePage855, "ibm858": charmap.CodePage858, "ibm860": charmap.CodePage860, "ibm862": charmap.CodePage862,
		"ibm863": charmap.CodePage863, "ibm865": charmap.CodePage865, "ibm1047": charmap.CodePage1047, "ibm1140": charmap.CodePage1140,
	} {
		add(&Charset{Name: name, single: runesOf(m)})
	}
	add(&Charset{Name: "utf-16le", enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)})
	add(&Charset{Name: "utf-16be", enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)})
	add(&Charset{Name: "utf-32le", enc: utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)})
	add(&Charset{Name: "utf-32be", enc: utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)})
	add(&Charset{Name: "hz-gb-2312", enc: simplifiedchinese.HZGB2312})
	add(&Charset{Name: "iso-2022-kr", enc: iso2022KR{}})
	add(&Charset{Name: "johab", enc: johab{}})
	return setsByName{own}
})

// runesOf is the table of a set of x/text, whose tables are not exported.
func runesOf(m *charmap.Charmap) *[256]rune {
	var t [256]rune
	for i := range t {
		t[i] = m.DecodeByte(byte(i))
	}
	return &t
}

// withASCII is the table of a set that has ASCII below 0x80.
func withASCII(upper string) *[256]rune {
	var t [256]rune
	for i := range 0x80 {
		t[i] = rune(i)
	}
	i := 0x80
	for _, r := range upper {
		t[i] = r
		i++
	}
	return &t
}
