package plain_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/plain"
)

var (
	list   = []extract.Format{plain.Text(), plain.Code(), plain.Data(), plain.CSV()}
	shared = extract.New(list, extract.Options{})
)

func TestPlainKeepsBytes(t *testing.T) {
	body := "first line\r\nsecond\n\n\tthird — with a dash\n"
	for _, mark := range []string{"", "\xEF\xBB\xBF"} {
		got := extracttest.Must(t, shared, "a.txt", mark+body)
		if got.Body != body || !got.Verbatim || got.Note != "" || got.Metadata != nil {
			t.Errorf("mark %q: got %+v", mark, got)
		}
	}
}

const (
	english   = "The quick brown fox, it is said, jumps over the lazy dog; “naïve” café owners look on.\n"
	german    = "Die Prüfung über die Größe der Bäume führte zu schönen Ergebnissen für alle Beteiligten.\n"
	russian   = "Маяк на скале Чаек был впервые зажжён весной 1871 года, и смотритель каждый вечер поднимал масло по девяноста четырём ступеням.\n"
	japaneseT = "灯台は千八百七十一年の春に初めてともされ、番人は毎晩九十四段の階段を油を持って上りました。\n"
	chinese   = "灯塔于一八七一年春天首次点亮，看守人每天晚上提着油走上九十四级台阶。港务局后来寻找更便宜的燃料。\n"
	koreanT   = "등대는 천팔백칠십일년 봄에 처음으로 불을 밝혔고 등대지기는 매일 저녁 아흔네 계단을 올라갔다.\n"
)

func TestCharsets(t *testing.T) {
	bom := func(e unicode.Endianness) encoding.Encoding { return unicode.UTF16(e, unicode.UseBOM) }
	bare := func(e unicode.Endianness) encoding.Encoding { return unicode.UTF16(e, unicode.IgnoreBOM) }
	tests := []struct {
		enc     encoding.Encoding
		text    string
		charset string
	}{
		{bom(unicode.LittleEndian), english, "utf-16le"},
		{bom(unicode.BigEndian), japaneseT, "utf-16be"},
		{bare(unicode.LittleEndian), english, "utf-16le"},
		{bare(unicode.BigEndian), german, "utf-16be"},
		{bare(unicode.BigEndian), russian, "utf-16be"},
		{utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), russian, "utf-32le"},
		{charmap.Windows1252, english, "windows-1252"},
		{charmap.ISO8859_1, german, "windows-1252"},
		{charmap.KOI8R, russian, "koi8-r"},
		{charmap.Windows1251, russian, "windows-1251"},
		{japanese.ShiftJIS, japaneseT, "shift_jis"},
		{japanese.EUCJP, japaneseT, "euc-jp"},
		{japanese.ISO2022JP, japaneseT, "iso-2022-jp"},
		{simplifiedchinese.GB18030, chinese, "gbk"},
		{korean.EUCKR, koreanT, "euc-kr"},
	}
	for _, tt := range tests {
		want := strings.Repeat(tt.text, 4)
		content, err := tt.enc.NewEncoder().String(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := extracttest.Extract(shared, "a.txt", content)
		if err != nil || got.Body != want || got.Metadata[extract.MetaCharset] != tt.charset {
			t.Errorf("%s: got %+v, %v", tt.charset, got, err)
		}
	}
}

func TestDamagedText(t *testing.T) {
	tests := []struct{ content, body, note string }{
		{"gut geprüft: ä, ö, \xff, ü", "gut geprüft: ä, ö, \uFFFD, ü", "1 bytes that are not valid UTF-8"},
		{"a line with\x00\x00 NULs in it", "a line with   NULs in it", "2 NUL bytes"},
	}
	for _, tt := range tests {
		if got := extracttest.Must(t, shared, "a.txt", tt.content); got.Body != tt.body || !strings.Contains(got.Note, tt.note) {
			t.Errorf("%q: got %q, note %q", tt.content, got.Body, got.Note)
		}
	}
	for _, binary := range []string{strings.Repeat("\x00", 5000), strings.Repeat("\x7fELF\x02\x01\x01\x00\x00\xfe\x9a", 300)} {
		if got, err := extracttest.Extract(shared, "a.txt", binary); !errors.Is(err, extract.ErrBinary) {
			t.Errorf("%.20q: got %+v, %v, want extract.ErrBinary", binary, got, err)
		}
	}
}

func BenchmarkPlain(b *testing.B) {
	content := bytes.Repeat([]byte(german), 1<<20/len(german))
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := shared.Extract(b.Context(), "a.txt", bytes.NewReader(content), int64(len(content))); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"hello\r\n", "\xEF\xBB\xBFhello", "\xFF\xFEh\x00i\x00", "\x00h\x00i\x00!", "gr\xfc\xdfe", "\x1b$B0!\x1b(B", "a\x00b", "\x00\x00\xFE\xFF\x00\x00\x00a"} {
		f.Add(seed)
	}
	extracttest.Fuzz(f, shared, "a.txt", nil)
}

func TestDeclaredCharset(t *testing.T) {
	latin2 := charmap.ISO8859_2
	for name, content := range map[string]string{
		"a.xml": "<?xml version=\"1.0\" encoding=\"ISO-8859-2\"?>\n<p>Ścięli dąb.</p>\n",
		"a.py":  "# -*- coding: iso-8859-2 -*-\n# Ścięli dąb.\n",
		"a.txt": "Ścięli dąb.\n\nvim: fenc=latin2\n",
	} {
		b, err := latin2.NewEncoder().String(content)
		if err != nil {
			t.Fatal(err)
		}
		if got := extracttest.Must(t, extract.New([]extract.Format{plain.Text(), plain.Code(), plain.Data()}, extract.Options{}), name, b); got.Body != content || got.Note != "" {
			t.Errorf("%s: %q, note %q", name, got.Body, got.Note)
		}
	}
}

// What was converted and says still what it was before is not read by that.
func TestFalseDeclaration(t *testing.T) {
	const content = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<p>Grüße – schön</p>\n"
	if got := extracttest.Must(t, shared, "a.xml", content); got.Body != content {
		t.Errorf("%q", got.Body)
	}
}

func TestGivenCharset(t *testing.T) {
	x := extract.New([]extract.Format{plain.Text()}, extract.Options{Encoding: "cp852"})
	const content = "žába"
	b, err := charmap.CodePage852.NewEncoder().String(content)
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{b: content, "# coding: latin1\n" + b: "# coding: latin1\n" + content, "žába, in UTF-8": "žába, in UTF-8", "\xEF\xBB\xBFplain": "plain"} {
		if got := extracttest.Must(t, x, "a.txt", in); got.Body != want {
			t.Errorf("%q is %q, want %q", in, got.Body, want)
		}
	}
	if x.Encoding() != "ibm852" {
		t.Error(x.Encoding())
	}
}

func TestUnsureCharsetIsNoted(t *testing.T) {
	got := extracttest.Must(t, shared, "a.txt", "no \xe6 here")
	if !strings.Contains(got.Note, "is a guess: windows-1252, perhaps") {
		t.Errorf("note %q", got.Note)
	}
}

func TestNULsAndControls(t *testing.T) {
	for in, want := range map[string]string{
		"abc\x00def\x00":                                                "abc def ",
		"name\x00n\x00value\x00":                                        "name n value ",
		"a\x00l\x00l\x00 \x00o\x00k\x00":                                "all ok",
		"\x00a\x00l\x00l\x00 \x00o\x00k":                                "all ok",
		"Grüße an alle, die hier noch wohnen\x01 und es hören":          "Grüße an alle, die hier noch wohnen  und es hören",
		"Gr\xfc\xdfe an alle, die hier noch wohnen\x01 und es h\xf6ren": "Grüße an alle, die hier noch wohnen  und es hören",
	} {
		if got := extracttest.Must(t, shared, "a.txt", in); got.Body != want {
			t.Errorf("%q is %q, want %q", in, got.Body, want)
		}
	}
}
