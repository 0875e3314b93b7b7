package charset_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/albert-search/albert-search/ingest/extract/charset"
)

// texts are of a few dozen words each, in the languages whose sets are often
// taken for one another.
var texts = map[string]string{
	"pl": "Młynarz zamknął śluzę przed świtem, żeby łąka nad rzeką nie została zalana. Źródło wody leży daleko za wsią.",
	"cs": "Převozník přišel až před polednem, protože řeka byla příliš dravá. Loďka zůstala přivázaná u břehu a čekala.",
	"hu": "Az erdész hűvös reggelen indult, és csak késő este tért vissza a tűzrakóhelyhez. Az őzek a völgyből jöttek föl.",
	"ro": "Pădurarul a găsit poteca veche şi a ştiut că satul părăsit nu este departe. Ţăranii au plecat când râul a crescut.",
	"hr": "Čuvar svjetionika zapisuje svaki brod koji prođe kroz tjesnac, a noću šalje izvješće lučkoj kapetaniji. Život je miran.",
	"tr": "Değirmenci sabah erkenden kapıyı açtı, çünkü köylüler buğdaylarını getirmişti. Işık söndüğünde herkes şaşırdı.",
	"lt": "Girininkas žiūrėjo, kaip šerkšnas dengia senąjį ąžuolą. Žmonės sakė, kad čia kadaise buvęs didžiulis ežeras.",
	"lv": "Zvejnieks pārbaudīja tīklus katru rītu, jo vējš naktī bija mainījies. Mežā pie upes dzīvoja viņa brālēns.",
	"ru": "Смотритель маяка записывал каждый корабль, проходивший пролив. Ночью он зажигал лампу и ждал, пока стихнет ветер.",
	"bg": "Пазачът на фара записваше всеки кораб, който минаваше през пролива. Нощем той палеше лампата и чакаше вятърът да утихне.",
	"uk": "Доглядач маяка записував кожен корабель, що проходив протокою. Уночі він запалював лампу й чекав, поки вщухне вітер. Її чули всі.",
	"el": "Ο φύλακας του φάρου έγραφε κάθε πλοίο που περνούσε από το στενό. Τη νύχτα άναβε το λυχνάρι και περίμενε να κοπάσει ο άνεμος.",
	"he": "שומר המגדלור רשם כל אונייה שעברה במצר. בלילה הדליק את המנורה וחיכה שהרוח תשקוט.",
	"ar": "كان حارس المنارة يسجل كل سفينة تمر من المضيق، وفي الليل يوقد المصباح وينتظر حتى تهدأ الريح.",
	"th": "คนเฝ้าประภาคารจดชื่อเรือทุกลำที่แล่นผ่านช่องแคบ กลางคืนเขาจุดตะเกียงแล้วรอจนลมสงบ",
	"de": "Der Wärter schrieb über jedes Schiff, das an der Küste vorüberfuhr. Nachts löschte er die Lampe, wenn der Sturm größer wurde.",
	"fr": "Le gardien notait chaque vaisseau qui traversait le détroit. La nuit, il éteignait la lampe dès que le vent était tombé à l’est.",
	"ja": "灯台の番人は海峡を通る船をすべて書きとめた。夜になるとランプに火をともし、風がやむのを待っていた。",
	"zh": "守塔人把每一艘驶过海峡的船都记下来。夜里他点上灯，等着风停下来。",
	"tw": "守塔人把每一艘駛過海峽的船都記下來。夜裡他點上燈，等著風停下來。",
	"ko": "등대지기는 해협을 지나는 배를 모두 적어 두었다. 밤이면 등불을 켜고 바람이 잦아들기를 기다렸다.",
}

func TestDetect(t *testing.T) {
	for _, tt := range []struct {
		language string
		sets     []encoding.Encoding
	}{
		{"pl", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2, charmap.CodePage852}},
		{"cs", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2, charmap.CodePage852}},
		{"hu", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2, charmap.CodePage852}},
		{"ro", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
		{"hr", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2, charmap.CodePage852}},
		{"tr", []encoding.Encoding{charmap.Windows1254, charmap.ISO8859_9}},
		{"lt", []encoding.Encoding{charmap.Windows1257, charmap.ISO8859_13}},
		{"lv", []encoding.Encoding{charmap.Windows1257, charmap.ISO8859_13, charmap.ISO8859_4}},
		{"ru", []encoding.Encoding{charmap.Windows1251, charmap.KOI8R, charmap.ISO8859_5, charmap.CodePage866, charmap.CodePage855, charmap.MacintoshCyrillic}},
		{"bg", []encoding.Encoding{charmap.Windows1251, charmap.ISO8859_5, charmap.CodePage855, charmap.MacintoshCyrillic}},
		{"uk", []encoding.Encoding{charmap.Windows1251, charmap.KOI8U, charmap.ISO8859_5}},
		{"el", []encoding.Encoding{charmap.Windows1253, charmap.ISO8859_7}},
		{"he", []encoding.Encoding{charmap.Windows1255, charmap.ISO8859_8, charmap.CodePage862}},
		{"ar", []encoding.Encoding{charmap.Windows1256, charmap.ISO8859_6}},
		{"th", []encoding.Encoding{charmap.Windows874}},
		{"de", []encoding.Encoding{charmap.Windows1252, charmap.CodePage850, charmap.Macintosh}},
		{"fr", []encoding.Encoding{charmap.Windows1252, charmap.Macintosh}},
		{"ja", []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP, japanese.ISO2022JP}},
		{"zh", []encoding.Encoding{simplifiedchinese.GBK, simplifiedchinese.GB18030}},
		{"tw", []encoding.Encoding{traditionalchinese.Big5}},
		{"ko", []encoding.Encoding{korean.EUCKR}},
	} {
		for _, set := range tt.sets {
			want := texts[tt.language]
			b, err := set.NewEncoder().Bytes([]byte(want))
			if err != nil {
				t.Fatal(tt.language, set, err)
			}
			g := charset.Detect(b)
			if got, err := g.Charset.Decode(b); err != nil || got != want || !g.Text {
				t.Errorf("%s in %v is taken for %s (sure %v, text %v): %.60q, %v", tt.language, set, g.Charset.Name, g.Sure, g.Text, got, err)
			}
		}
	}
}

func TestDetectIsUnsureOfALetter(t *testing.T) {
	if g := charset.Detect([]byte("x \xe6 y")); g.Sure || g.Other == nil {
		t.Errorf("one letter is surely of %s", g.Charset.Name)
	}
	if g := charset.Detect([]byte("no byte beyond ASCII")); !g.Sure || !g.Text {
		t.Errorf("ASCII: %+v", g)
	}
}

func TestUTF16WithoutZeros(t *testing.T) {
	for _, language := range []string{"ja", "zh", "tw", "ko"} {
		for name, order := range map[string]unicode.Endianness{"utf-16le": unicode.LittleEndian, "utf-16be": unicode.BigEndian} {
			b, err := unicode.UTF16(order, unicode.IgnoreBOM).NewEncoder().Bytes([]byte(texts[language]))
			if c := charset.UTF16(b); err != nil || c == nil || c.Name != name {
				t.Errorf("%s in %s: %+v, %v", language, name, c, err)
			}
		}
	}
	if c := charset.UTF16(noise()); c != nil {
		t.Errorf("noise is %s", c.Name)
	}
}

func noise() []byte {
	var b []byte
	for i, x := 0, uint32(7); i < 4000; i++ {
		x = x*1664525 + 1013904223
		b = append(b, byte(x>>24))
	}
	return b
}

func TestDataIsNoText(t *testing.T) {
	if g := charset.Detect(noise()); g.Text {
		t.Errorf("noise is a text in %s", g.Charset.Name)
	}
}

func TestGet(t *testing.T) {
	for label, want := range map[string]string{
		"ISO_8859-2": "iso-8859-2", "latin2": "iso-8859-2", "CP1250": "windows-1250", "windows-1250": "windows-1250", "1250": "windows-1250",
		"IBM855": "ibm855", "cp855": "ibm855", "csIBM855": "ibm855", "x-mac-cyrillic": "x-mac-cyrillic", "MacCyrillic": "x-mac-cyrillic",
		"CP932": "shift_jis", "Windows-31J": "shift_jis", "cp949": "euc-kr", "UHC": "euc-kr", "Johab": "johab", "ISO-2022-KR": "iso-2022-kr",
		"utf8": "utf-8", "UTF-8-unix": "utf-8", "utf-16": "utf-16le", "UTF-32BE": "utf-32be", "cp720": "ibm720", "TIS-620": "windows-874",
		"iso-8859-16": "iso-8859-16", "koi8-r": "koi8-r", "KOI8_U": "koi8-u", "mac-roman": "macintosh", "kz1048": "kz-1048", "nothing": "", "": "",
	} {
		c, ok := charset.Get(label)
		if ok != (want != "") || ok && c.Name != want {
			t.Errorf("%q is %+v, want %q", label, c, want)
		}
	}
}

func TestDeclared(t *testing.T) {
	long := strings.Repeat("a line that says nothing\n", 300)
	for text, want := range map[string]string{
		`<?xml version="1.0" encoding="ISO-8859-2"?><a/>`:                                "iso-8859-2",
		"<?xml version='1.0' encoding='koi8-r' standalone='yes'?>":                       "koi8-r",
		`<html><head><META http-equiv=Content-Type content="text/html; charset=cp1257">`: "windows-1257",
		"<!-- " + long[:900] + " --><meta charset='big5'>":                               "big5",
		"how to write <meta charset=big5>":                                               "",
		"#!/usr/bin/python\n# -*- coding: iso-8859-15 -*-\n":                             "iso-8859-15",
		"# encoding: windows-1251\nputs 1":                                               "windows-1251",
		"// -*- mode: c; coding: euc-jp-unix; -*-\n":                                     "euc-jp",
		"x = 1\ny = 2\n# coding: latin2\n":                                               "",
		"decoding: latin2\n":                                                             "",
		long + "# vim: set fileencoding=cp1250 :\n":                                      "windows-1250",
		"/* vim:ts=4:fenc=koi8-r */\n":                                                   "koi8-r",
		long + ";;; Local Variables:\n;;; mode: lisp\n;;; coding: shift_jis\n;;; End:\n": "shift_jis",
		"msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=ISO-8859-9\\n\"\n": "windows-1254",
		"\\documentclass{article}\n\\usepackage[latin2]{inputenc}\n":                     "iso-8859-2",
		"@charset \"windows-1250\";\np {}":                                               "windows-1250",
		`<?xml version="1.0" encoding="no-such-set"?>`:                                   "",
	} {
		c := charset.Declared([]byte(text))
		if (c == nil) != (want == "") || c != nil && c.Name != want {
			t.Errorf("%.60q says %+v, want %q", text, c, want)
		}
	}
}

// Korean of other forms than x/text has, by its tables.
func TestKorean(t *testing.T) {
	for name, b := range map[string]string{
		"johab":       "\x88\x61\x88\x62\x20\xd3\xb7\x2e",
		"iso-2022-kr": "\x1b\x24\x29\x43\x0e\x30\x21\x30\x78\x0f\x20\x0e\x48\x7e\x0f\x2e",
	} {
		c, _ := charset.Get(name)
		got, err := c.Decode([]byte(b))
		if want := map[string]string{"johab": "가각 힝.", "iso-2022-kr": "가공 힝."}[name]; err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range []string{"", "a", "\xff", "caf\xe9", "\x1b$)C\x0e0!", "\x1b$B0!", "~{0!~}", "\x88a\x88", "<?xml encoding='johab'?>\x88a", "\x81\x30\x81\x30", strings.Repeat("\xe6 ", 300), "vim: fenc=koi8-r\n\xc1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		sets := []*charset.Charset{charset.Detect(b).Charset}
		if c := charset.Declared(b); c != nil {
			sets = append(sets, c)
		}
		for _, name := range []string{"johab", "iso-2022-kr", "hz-gb-2312", "ibm720"} {
			c, _ := charset.Get(name)
			sets = append(sets, c)
		}
		for _, c := range sets {
			if s, err := c.Decode(b); err == nil && !utf8.ValidString(s) {
				t.Errorf("%s: %q", c.Name, s)
			}
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	for _, language := range []string{"pl", "ru", "ja"} {
		set := map[string]encoding.Encoding{"pl": charmap.ISO8859_2, "ru": charmap.KOI8R, "ja": japanese.EUCJP}[language]
		text, err := set.NewEncoder().Bytes([]byte(strings.Repeat(texts[language]+"\n", 200)))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(language, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				charset.Detect(text)
			}
		})
	}
}

// An English text has few letters that tell its set: those of foreign names.
func TestNamesInEnglish(t *testing.T) {
	for _, tt := range []struct {
		text string
		set  encoding.Encoding
	}{
		{"The harbour master, Captain Benoît Trésclêde, told the meeting that the café was shut. Captain Trésclêde and Señor Ibáñez left before noon.", charmap.Windows1252},
		{"The harbour master, Captain Wacław Gęsicki, told the meeting that the inn was shut. Captain Gęsicki and Mr Łoś left before noon.", charmap.Windows1250},
	} {
		b, err := tt.set.NewEncoder().Bytes([]byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := charset.Detect(b).Charset.Decode(b)
		if err != nil || got != tt.text {
			t.Errorf("got %q, %v, want %q", got, err, tt.text)
		}
	}
}
