package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// hostileFile is a document made to do harm.
type hostileFile struct {
	name string
	// outcome is what has to be reported, and reason has to be in its reason.
	// Either of several outcomes may be right, apart by a '|'.
	outcome, reason string
	long            bool // takes its time; of the long form only
	content         func(w io.Writer) error
}

// secret must not come out of the file that hostile documents refer to.
const secret = "open sesame, for the cave is yours"

// hostileFiles are all the hostile documents. secretFile is a file that they
// try to read.
func hostileFiles(secretFile string) []hostileFile {
	text := func(parts ...string) func(io.Writer) error {
		return func(w io.Writer) error {
			for _, p := range parts {
				if _, err := io.WriteString(w, p); err != nil {
					return err
				}
			}
			return nil
		}
	}
	many := func(s string, n int) func(io.Writer) error {
		return func(w io.Writer) error {
			b := bufio.NewWriterSize(w, 1<<20)
			for range n {
				b.WriteString(s) // Flush returns the error
			}
			return b.Flush()
		}
	}
	made := func(content func() string) func(io.Writer) error {
		return func(w io.Writer) error { return text(content())(w) }
	}
	body := func(s ...string) func(io.Writer) error {
		return func(w io.Writer) error {
			return writeDOCX(w, text(append(append([]string{wordHead}, s...), wordTail)...))
		}
	}
	const record = "{\"text\": \"a record before\"}\n"
	return []hostileFile{
		// Archives.
		{name: "bomb.docx", outcome: "failed", reason: "more than 200 times its size", content: func(w io.Writer) error {
			return writeDOCX(w, many(" ", 64<<20))
		}},
		{name: "nested.docx", outcome: "indexed", content: func(w io.Writer) error {
			inner := bomb(4)
			return writeDOCX(w, text(wordHead, word("the archive in this one stays closed"), wordTail), "word/embeddings/bomb.zip", string(inner))
		}},
		{name: "nested-bomb", outcome: "skipped", reason: "plain zip archive", content: func(w io.Writer) error {
			_, err := w.Write(bomb(5))
			return err
		}},
		{name: "overlapping.docx", outcome: "failed", reason: "expands to more than|took too long", long: true, content: overlapping},
		{name: "a-million-entries.docx", outcome: "failed", reason: "more than 10000 files", content: func(w io.Writer) error { return entries(w, 1_000_000) }},
		{name: "claims-more-than-it-has.docx", outcome: "failed", reason: "more than 10000 files|damaged", long: true, content: claims},
		{name: "huge-comment.docx", outcome: "failed", reason: "too large", content: func(w io.Writer) error {
			return writeDOCX(w, func(w io.Writer) error {
				return errors.Join(text(wordHead, "<!--")(w), noise(w, 30<<20), text("-->", wordTail)(w))
			})
		}},

		// XML.
		{name: "a-billion-laughs.docx", outcome: "failed", reason: "XML is damaged", content: func(w io.Writer) error {
			var b strings.Builder
			b.WriteString("<!DOCTYPE d [<!ENTITY l0 'ha'>")
			for i := range 30 {
				fmt.Fprintf(&b, "<!ENTITY l%d '%s'>", i+1, strings.Repeat(fmt.Sprintf("&l%d;", i), 10))
			}
			return writeDOCX(w, text(b.String()+"]>"+wordHead, word("&l30;"), wordTail))
		}},
		{name: "external-entity.docx", outcome: "failed", reason: "XML is damaged", content: func(w io.Writer) error {
			return writeDOCX(w, text("<!DOCTYPE d [<!ENTITY secret SYSTEM \"file://"+secretFile+"\">]>"+wordHead, word("&secret;"), wordTail))
		}},
		{name: "external-entity.xml", outcome: "indexed", content: text("<!DOCTYPE d [<!ENTITY secret SYSTEM \"file://" + secretFile + "\">]><d>&secret;</d>")},
		{name: "deep.docx", outcome: "failed", reason: "nested deeper than 256", content: body(strings.Repeat("<w:p>", 1_000_000))},
		{name: "attributes.docx", outcome: "indexed|failed", long: true, content: func(w io.Writer) error {
			var b strings.Builder
			for i := range 1_000_000 {
				fmt.Fprintf(&b, " a%d=''", i)
			}
			return writeDOCX(w, text(wordHead, "<w:p"+b.String()+"/>", word("many attributes"), wordTail))
		}},
		{name: "circular-styles.docx", outcome: "indexed", content: func(w io.Writer) error {
			var b strings.Builder
			b.WriteString(`<w:styles xmlns:w="w">`)
			for i := range 2000 {
				fmt.Fprintf(&b, `<w:style w:styleId="s%d"><w:basedOn w:val="s%d"/></w:style>`, i, (i+1)%2000)
			}
			return writeDOCX(w, text(wordHead, word("styles in a circle"), wordTail), "word/styles.xml", b.String()+"</w:styles>")
		}},

		// HTML.
		{name: "deep-divs.html", outcome: "indexed", content: many("<div>deep ", 1_000_000)},
		{name: "deep-bold.html", outcome: "indexed", long: true, content: many("<b>x", 900_000)},
		{name: "deep-links.html", outcome: "indexed|failed", long: true, content: many("<a href=x>y", 300_000)},
		{name: "deep-tables.html", outcome: "indexed|failed", long: true, content: many("<table>x", 500_000)},
		{name: "deep-lists.html", outcome: "indexed", content: many("<ul><li>x", 400_000)},
		{name: "headings.html", outcome: "indexed|failed", long: true, content: many("<h1>x", 700_000)},
		{name: "closed.html", outcome: "indexed", long: true, content: text("<p>good", strings.Repeat("</p></b></table>", 200_000))},
		{name: "formatting.html", outcome: "indexed|failed", content: text("<p>", strings.Repeat("<b><i><u><font>", 100_000), "x", strings.Repeat("<p>y</b>", 100_000))},
		{name: "attributes.html", outcome: "indexed|failed", long: true, content: func(w io.Writer) error {
			b := bufio.NewWriter(w)
			b.WriteString("<p")
			for i := range 400_000 {
				fmt.Fprintf(b, " a%d", i)
			}
			b.WriteString(">many attributes")
			return b.Flush()
		}},
		{name: "paragraphs.html", outcome: "indexed|failed", long: true, content: many("<p>x, y, z", 400_000)},
		{name: "unclosed-comment.html", outcome: "failed|indexed", content: text("<!--", strings.Repeat("<!-", 1_000_000))},
		{name: "entities.html", outcome: "indexed", content: many("&notit;&#x10ffff;&", 200_000)},

		// Markdown and records.
		{name: "headings.md", outcome: "indexed", reason: "the first 100000", content: many("# a\n", 200_000)},
		{name: "brackets.md", outcome: "indexed", long: true, content: many("# "+strings.Repeat("[", 900)+"\n", 2000)},
		{name: "emphasis.md", outcome: "indexed", content: many("# "+strings.Repeat("*a_ ", 240)+"\n", 2000)},
		{name: "quotations.md", outcome: "indexed", content: many(strings.Repeat(">", 3900)+"a\n", 200)},
		{name: "front-matter.md", outcome: "indexed", long: true, content: text("---\n", strings.Repeat("title: a\n", 300_000), "---\ntext")},
		{name: "deep.jsonl", outcome: "failed", reason: "is not JSON", content: text(record, `{"text": "a", "metadata": {"a": `, strings.Repeat("[", 1_000_000))},
		{name: "long-id.jsonl", outcome: "failed", reason: "id is longer", content: text(record, `{"text": "a", "id": "`, strings.Repeat("i", 1_000_000), `"}`)},
		{name: "long-line.jsonl", outcome: "failed", reason: "longer than 16 MiB", content: text(record, strings.Repeat("{\"text\": ", 2<<20))},

		// PDF.
		{name: "looping-pages.pdf", outcome: "failed", reason: "PDF", long: true, content: text(pdf(
			"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2000000000 >>", "<< /Type /Pages /Kids [2 0 R] /Parent 2 0 R /Count 1000 >>"))},
		{name: "endless.pdf", outcome: "failed", reason: "took too long|the PDF reader gave up", long: true, content: made(endlessPDF)},
		{name: "ten-thousand-pages.pdf", outcome: "indexed", long: true, content: made(func() string { return longPDF(10_000) })},
		{name: "bomb.pdf", outcome: "failed|indexed", long: true, content: made(func() string { return flatePDF(300 << 20) })},
		{name: "huge-numbers.pdf", outcome: "failed", content: text("%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 99999999999 0 R >>\nendobj\nxref\n0 4294967295\ntrailer << /Root 1 0 R /Size 4294967295 /Prev 9 >>\nstartxref\n60\n%%EOF")},

		// Text.
		{name: "one-line.txt", outcome: "indexed", reason: "only the first 20.0 MiB of 30.0 MiB", long: true, content: many("word ", 6<<20)},
		{name: "one-line-of-1-GB.txt", outcome: "indexed", reason: "only the first 20.0 MiB of 1.0 GiB", long: true, content: many("0123456789abcde ", 1<<26)},
		{name: "one-word.txt", outcome: "indexed", content: many("a", 4<<20)},
		{name: "marks.txt", outcome: "indexed", content: text("a", strings.Repeat("\u0301", 1_000_000))},
		{name: "many-marks.txt", outcome: "indexed", content: many("a\u0301\u0300\u0316\u0327", 300_000)},
		{name: "hangul.txt", outcome: "indexed", content: many("\u1100\u1161\u11a8", 300_000)},
		{name: "joined.txt", outcome: "indexed", content: many("\U0001F468\u200d", 300_000)},
		{name: "flags.txt", outcome: "indexed", content: many("\U0001F1E9", 300_000)},
		{name: "ligatures.txt", outcome: "indexed", long: true, content: many("\ufdfa", 300_000)}, // 18 letters each
		{name: "directions.txt", outcome: "indexed", content: many("\u202e\u2066a", 300_000)},
		{name: "brackets.txt", outcome: "indexed", content: many("(", 1_000_000)},
		{name: "full-stops.txt", outcome: "indexed", content: many(". ", 1_000_000)},
		{name: "quotes.txt", outcome: "indexed", content: many("\"'", 500_000)},
		{name: "line-ends.txt", outcome: "indexed", long: true, content: text("a", strings.Repeat("\n", 4<<20), "b")},
		{name: "abbreviations.txt", outcome: "indexed", long: true, content: many("e.g. Dr. ", 200_000)},
		{name: "broken.txt", outcome: "indexed|failed", content: many("\xf0\x9f a", 500_000)},
		{name: "utf-7.txt", outcome: "indexed", content: many("\x1b$B0!\x1b(B", 300_000)},
		{name: "empty.txt", outcome: "failed", reason: "empty", content: text("")},

		// Names.
		{name: "new\nline.txt", outcome: "indexed", content: text("a name of two lines")},
		{name: "\x1b[2J\x07.txt", outcome: "indexed", content: text("a name that clears the screen")},
		{name: "\x1b]0;owned\x07.html", outcome: "failed", reason: "empty", content: text("")},
		{name: "not\xff\xfetext.txt", outcome: "indexed", content: text("a name that is no text")},
		{name: "\u202etxt.exe.txt", outcome: "indexed", content: text("a name from right to left")},
		{name: "-rf", outcome: "indexed", content: text("a name like a flag")},
		{name: strings.Repeat("n", 250) + ".txt", outcome: "indexed", content: text("a long name")},
	}
}

// goodFiles are documents that have to be indexed beside hostile ones, each
// with a word of its own.
func goodFiles() map[string]func(w io.Writer) error {
	files := map[string]func(w io.Writer) error{}
	for i, at := range strings.Split("0 b c d e f g h i j k l m n o p q r s t z", " ") {
		content := fmt.Sprintf("The gear number%d turns the next one.", i)
		write := func(s string) func(io.Writer) error {
			return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
		}
		switch i % 4 {
		case 0:
			files[at+"-good.txt"] = write(content)
		case 1:
			files[at+"-good.md"] = write("# Gears\n\n" + content)
		case 2:
			files[at+"-good.html"] = write("<h1>Gears</h1><p>" + content)
		default:
			files[at+"-good.docx"] = func(w io.Writer) error {
				return writeDOCX(w, write(wordHead+word(content)+wordTail))
			}
		}
	}
	return files
}

// hostile DIR NAME... makes hostile documents in the folder. Names are as in a
// Go string.
func hostile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: hostile DIR NAME...")
	}
	secretFile := ts.MkAbs("secret")
	ts.Check(os.WriteFile(secretFile, []byte(secret), 0o600))
	all := hostileFiles(secretFile)
	for _, quoted := range args[1:] {
		name, err := strconv.Unquote(`"` + quoted + `"`)
		ts.Check(err)
		i := slices.IndexFunc(all, func(f hostileFile) bool { return f.name == name })
		if i < 0 {
			ts.Fatalf("there is no hostile document %q", name)
		}
		ts.Check(makeFile(filepath.Join(ts.MkAbs(args[0]), name), all[i].content))
	}
}

// makeHostile makes the hostile and the good files in the folder.
func makeHostile(dir, secretFile string, long bool) error {
	for _, f := range hostileFiles(secretFile) {
		if f.long && !long {
			continue
		}
		if err := makeFile(filepath.Join(dir, f.name), f.content); err != nil {
			return err
		}
	}
	for name, content := range goodFiles() {
		if err := makeFile(filepath.Join(dir, name), content); err != nil {
			return err
		}
	}
	return nil
}

func makeFile(path string, content func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(content(f), f.Close())
}

const (
	wordHead = `<w:document xmlns:w="w"><w:body>`
	wordTail = `</w:body></w:document>`
)

func word(s string) string { return "<w:p><w:r><w:t>" + s + "</w:t></w:r></w:p>" }

// writeDOCX writes a Word document with that main part, and others by name.
func writeDOCX(w io.Writer, main func(io.Writer) error, parts ...string) error {
	z := zip.NewWriter(w)
	for i := 0; i < len(parts); i += 2 {
		p, err := z.Create(parts[i])
		if err == nil {
			_, err = io.WriteString(p, parts[i+1])
		}
		if err != nil {
			return err
		}
	}
	p, err := z.Create("[Content_Types].xml")
	if err == nil {
		_, err = io.WriteString(p, "<Types/>")
	}
	if err != nil {
		return err
	}
	if p, err = z.Create("word/document.xml"); err != nil {
		return err
	}
	return errors.Join(main(p), z.Close())
}

// noise writes n bytes that do not compress well.
func noise(w io.Writer, n int) error {
	b := bufio.NewWriterSize(w, 1<<20)
	for x := uint64(1); n > 0; n-- {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b.WriteByte("abcdefghijklmnop"[x&15]) // Flush returns the error
	}
	return b.Flush()
}

// bomb is an archive of archives, depth of them in each other, that holds ten
// times as much at each step.
func bomb(depth int) []byte {
	content := bytes.Repeat([]byte{' '}, 1<<20)
	for range depth {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := range 10 {
			w, err := z.Create(fmt.Sprintf("%d.zip", i))
			if err == nil {
				_, err = w.Write(content)
			}
			if err != nil {
				panic(err) // a Buffer does not fail
			}
		}
		if err := z.Close(); err != nil {
			panic(err)
		}
		content = b.Bytes()
	}
	return content
}

// archive writes a zip archive by hand: local entries, and a directory in which
// any number of entries may stand for one of them.
type archive struct {
	w         io.Writer
	n         int64 // bytes written
	directory bytes.Buffer
	entries   int
	claimed   int // entries that the end of the directory tells of; 0 for what there are
	err       error
}

func (a *archive) write(p []byte) {
	if a.err == nil {
		_, a.err = a.w.Write(p)
	}
	a.n += int64(len(p))
}

// local writes an entry's content and returns what the directory has to say of
// it.
func (a *archive) local(name string, content []byte) (at int64, crc, packed, size uint32) {
	var b bytes.Buffer
	f, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		_, err = f.Write(content)
	}
	if a.err = errors.Join(a.err, err, f.Close()); a.err != nil {
		return
	}
	at, crc, packed, size = a.n, crc32.ChecksumIEEE(content), uint32(b.Len()), uint32(len(content))
	var h []byte
	h = append(h, "PK\x03\x04\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00"...)
	h = binary.LittleEndian.AppendUint32(h, crc)
	h = binary.LittleEndian.AppendUint32(h, packed)
	h = binary.LittleEndian.AppendUint32(h, size)
	h = binary.LittleEndian.AppendUint16(h, uint16(len(name)))
	h = append(h, 0, 0)
	a.write(append(h, name...))
	a.write(b.Bytes())
	return at, crc, packed, size
}

func (a *archive) entry(name string, at int64, crc, packed, size uint32) {
	var h []byte
	h = append(h, "PK\x01\x02\x14\x00\x14\x00\x00\x00\x08\x00\x00\x00\x00\x00"...)
	h = binary.LittleEndian.AppendUint32(h, crc)
	h = binary.LittleEndian.AppendUint32(h, packed)
	h = binary.LittleEndian.AppendUint32(h, size)
	h = binary.LittleEndian.AppendUint16(h, uint16(len(name)))
	h = append(h, make([]byte, 12)...)
	h = binary.LittleEndian.AppendUint32(h, uint32(at))
	a.directory.Write(append(h, name...))
	a.entries++
}

// close writes the directory, with the 64-bit end where there are many entries.
func (a *archive) close() error {
	start, size, n := a.n, a.directory.Len(), a.entries
	if a.claimed > 0 {
		n = a.claimed
	}
	a.write(a.directory.Bytes())
	end64 := a.n
	var h []byte
	h = append(h, "PK\x06\x06"...)
	h = binary.LittleEndian.AppendUint64(h, 44)
	h = append(h, "\x2d\x00\x2d\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	h = binary.LittleEndian.AppendUint64(h, uint64(n))
	h = binary.LittleEndian.AppendUint64(h, uint64(n))
	h = binary.LittleEndian.AppendUint64(h, uint64(size))
	h = binary.LittleEndian.AppendUint64(h, uint64(start))
	h = append(h, "PK\x06\x07\x00\x00\x00\x00"...)
	h = binary.LittleEndian.AppendUint64(h, uint64(end64))
	h = append(h, 1, 0, 0, 0)
	h = append(h, "PK\x05\x06\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00"...)
	a.write(h)
	return a.err
}

// overlapping is a document whose 5,000 headers are all the same bytes of the
// file.
func overlapping(w io.Writer) error {
	a := &archive{w: w}
	a.entry("[Content_Types].xml", 0, 0, 0, 0)
	at, crc, packed, size := a.local("word/document.xml", []byte(wordHead+word("overlapping")+wordTail))
	a.entry("word/document.xml", at, crc, packed, size)
	var b bytes.Buffer
	b.WriteString(`<w:hdr xmlns:w="w">`)
	for i := range 20_000 {
		fmt.Fprintf(&b, "<w:p><!-- %d %d --></w:p>", i*i, i*7919%10007)
	}
	b.WriteString("</w:hdr>")
	at, crc, packed, size = a.local("word/header1.xml", b.Bytes())
	for i := range 5000 {
		a.entry(fmt.Sprintf("word/header%d.xml", i), at, crc, packed, size)
	}
	return a.close()
}

// entries is an archive of n empty files.
func entries(w io.Writer, n int) error {
	a := &archive{w: w}
	at, crc, packed, size := a.local("word/document.xml", nil)
	for i := range n {
		a.entry(fmt.Sprintf("word/%d.xml", i), at, crc, packed, size)
	}
	return a.close()
}

// claims is an archive of 1 GiB whose directory says that it has 30 million
// entries.
func claims(w io.Writer) error {
	a := &archive{w: w, claimed: 30_000_000}
	at, crc, packed, size := a.local("word/document.xml", []byte(wordHead+word("claims")+wordTail))
	a.entry("word/document.xml", at, crc, packed, size)
	for range 1 << 10 {
		a.write(make([]byte, 1<<20))
	}
	return a.close()
}

// pdf is a document of those objects, of which the first is its catalog.
func pdf(objects ...string) string {
	var b strings.Builder
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.String()
}

const (
	pdfCatalog = "<< /Type /Catalog /Pages 2 0 R >>"
	pdfFont    = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
)

// endlessPDF has a page that shows forms ten times each, twelve deep.
func endlessPDF() string {
	objects := []string{pdfCatalog, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 5 0 R /Resources << /XObject << /F 5 0 R >> /Font << /T 4 0 R >> >> >>", pdfFont}
	const depth = 12
	for i := range depth {
		content, next := strings.Repeat("/F Do ", 10), 6+i
		if i == depth-1 {
			content, next = "BT /T 9 Tf (x) Tj ET", 4
		}
		objects = append(objects, fmt.Sprintf("<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /XObject << /F %d 0 R >> /Font << /T 4 0 R >> >> /Length %d >>\nstream\n%s\nendstream", next, len(content), content))
	}
	return pdf(objects...)
}

// longPDF has n pages.
func longPDF(n int) string {
	var kids strings.Builder
	objects := []string{pdfCatalog, "", pdfFont}
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", 4+2*i)
		content := fmt.Sprintf("BT /T 9 Tf 20 100 Td (This is page %d of the report.) Tj ET", i+1)
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents %d 0 R /Resources << /Font << /T 3 0 R >> >> >>", 5+2*i),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), n)
	return pdf(objects...)
}

// flatePDF has a page whose content is n bytes of text, compressed twice.
func flatePDF(n int) string {
	pack := func(write func(io.Writer)) string {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		write(z)
		if err := z.Close(); err != nil {
			panic(err) // a Buffer does not fail
		}
		return b.String()
	}
	once := pack(func(w io.Writer) {
		_, _ = io.WriteString(w, "BT /T 9 Tf 20 100 Td ")
		line := bytes.Repeat([]byte("(x) Tj "), 1<<17)
		for left := n; left > 0; left -= len(line) {
			_, _ = w.Write(line)
		}
		_, _ = io.WriteString(w, " ET")
	})
	twice := pack(func(w io.Writer) { _, _ = io.WriteString(w, once) })
	return pdf(pdfCatalog, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 5 0 R /Resources << /Font << /T 4 0 R >> >> >>", pdfFont,
		fmt.Sprintf("<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%s\nendstream", len(twice), twice))
}

// The seed corpus must not become empty by a mistake.
func TestHostileFilesAreThere(t *testing.T) {
	if n := len(hostileFiles("")); n < 50 {
		t.Errorf("only %d hostile documents", n)
	}
}
