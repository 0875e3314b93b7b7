package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/extracttest"
	"github.com/albert-search/albert-search/ingest/extract/plain"
)

var (
	list = []extract.Format{plain.Text(), Format()}
	// shared reads with the default limits. It is one for all tests, so that
	// the PDF reader is compiled once.
	shared   *extract.Extractor
	cacheDir string
)

func TestMain(m *testing.M) {
	var err error
	if cacheDir, err = os.MkdirTemp("", "albert-search-wasm-"); err != nil {
		panic(err)
	}
	shared = extract.New(list, extract.Options{CacheDir: cacheDir})
	code := m.Run()
	if err := errors.Join(shared.Close(), os.RemoveAll(cacheDir)); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func extractWith(lim extract.Limits, name, content string) (*extract.Text, error) {
	x := extract.New(list, extract.Options{Limits: lim, CacheDir: cacheDir})
	defer x.Close()
	return extracttest.Extract(x, name, content)
}

func readFixture(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pagesOf is where the pages start.
func pagesOf(text *extract.Text) []int {
	var starts []int
	for i, p := range text.Places {
		if p.Place.Page != i+1 {
			return nil
		}
		starts = append(starts, p.Offset)
	}
	return starts
}

func TestPDF(t *testing.T) {
	got := extracttest.Must(t, shared, "report.pdf", readFixture(t, "report.pdf"))
	want := "Preface of the board\nDredging\nThe channel was dredged to a depth of 7.5 met-\nres in May.\n\nCosts\nIt cost 312 crowns.\n\nOutlook\nNothing is planned for next year."
	if got.Body != want {
		t.Errorf("got  %q\nwant %q", got.Body, want)
	}
	third := strings.Index(want, "Outlook")
	if pages := pagesOf(got); !slices.Equal(pages, []int{0, third, third}) {
		t.Errorf("pages at %v", pages)
	}
	headings := []extract.Heading{{Start: strings.Index(want, "Dredging"), Level: 1, Text: "Dredging"}, {Start: strings.Index(want, "Costs"), Level: 2, Text: "Costs"}, {Start: third, Level: 1, Text: "Outlook"}}
	if !slices.Equal(got.Headings, headings) {
		t.Errorf("headings %+v, want %+v", got.Headings, headings)
	}
	if got.Title != "Report on the harbour" || got.Metadata[extract.MetaAuthor] != "The harbour board" || !strings.Contains(got.Note, "no text on 1 of 3 pages") {
		t.Errorf("got %+v", got)
	}
}

func TestPDFColumns(t *testing.T) {
	got := extracttest.Must(t, shared, "columns.pdf", readFixture(t, "columns.pdf"))
	for _, want := range []string{
		"short history\nThe lighthouse", "the lamp burned col-\nza oil until", "to burn in it.\n\nparaffin followed", "comes from the sea.",
	} {
		if !strings.Contains(strings.ToLower(got.Body), strings.ToLower(want)) {
			t.Errorf("%q is not in %q", want, got.Body)
		}
	}
}

func TestPDFTableRowsStayTogether(t *testing.T) {
	got := extracttest.Must(t, shared, "table.pdf", readFixture(t, "table.pdf"))
	if !strings.HasPrefix(got.Body, "Year\tShips\tTons\n1900\t40\t9000\n1901\t41\t9010\n") {
		t.Errorf("got %q", got.Body)
	}
}

func TestBrokenPDF(t *testing.T) {
	report := readFixture(t, "report.pdf")
	tests := []struct {
		name, content, failure string
		is                     error
	}{
		{"user password", readFixture(t, "encrypted_user.pdf"), "needs a password", extract.ErrEncrypted},
		{"scanned", readFixture(t, "scanned.pdf"), "only drawings", extract.ErrNoText},
		{"header only", "%PDF-1.7\n", "damaged PDF", nil},
		{"truncated", report[:len(report)/3], "damaged PDF", nil},
	}
	for _, tt := range tests {
		got, err := extracttest.Extract(shared, "a.pdf", tt.content)
		if err == nil || !strings.Contains(err.Error(), tt.failure) || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: got %+v, %v, want %q", tt.name, got, err, tt.failure)
		}
	}
	// An owner password forbids printing, not reading.
	if got := extracttest.Must(t, shared, "a.pdf", readFixture(t, "encrypted_owner.pdf")); got.Body != "The password of the safe is not in here." {
		t.Errorf("got %q", got.Body)
	}
}

func TestPDFLimits(t *testing.T) {
	report := readFixture(t, "report.pdf")
	got, err := extractWith(extract.Limits{Pages: 1}, "a.pdf", report)
	if err != nil || len(pagesOf(got)) != 1 || strings.Contains(got.Body, "Outlook") || !strings.Contains(got.Note, "first 1 of 3 pages") {
		t.Errorf("one page: got %+v, %v", got, err)
	}
	got, err = extractWith(extract.Limits{TextBytes: 30}, "a.pdf", report)
	if err != nil || got.Body != "Preface of the board\nDredging\n" || !strings.Contains(got.Note, "cut at 30 bytes, on page 1 of 3") {
		t.Errorf("30 bytes: got %+v, %v", got, err)
	}
	if got, err = extractWith(extract.Limits{Memory: 1 << 20}, "a.pdf", report); err == nil {
		t.Errorf("1 MiB of memory: got %+v", got)
	}
}

// endlessPDF draws a form that draws ten times a form that draws ten times...
func endlessPDF() string {
	const depth = 11
	var b strings.Builder
	var offsets []int
	object := func(s string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj %s endobj\n", len(offsets), s)
	}
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 5 0 R /Resources << /XObject << /F 5 0 R >> /Font << /T 4 0 R >> >> >>")
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for i := range depth {
		content, next := strings.Repeat("/F Do ", 10), 6+i
		if i == depth-1 {
			content, next = "BT /T 9 Tf (x) Tj ET", 4
		}
		object(fmt.Sprintf("<< /Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /XObject << /F %d 0 R >> /Font << /T 4 0 R >> >> /Length %d >>\nstream\n%s\nendstream", next, len(content), content))
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Root 1 0 R /Size %d >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.String()
}

// A document that would take for ever is stopped, and the next one is read.
func TestEndlessPDFIsStopped(t *testing.T) {
	if got, err := extractWith(extract.Limits{Time: time.Second}, "a.pdf", endlessPDF()); !errors.Is(err, extract.ErrTooSlow) {
		t.Fatalf("got %+v, %v, want extract.ErrTooSlow", got, err)
	}
	extracttest.Must(t, shared, "report.pdf", readFixture(t, "report.pdf"))
}

// cancelling cancels a context when it is read for the nth time.
type cancelling struct {
	io.ReaderAt
	n      atomic.Int32
	cancel context.CancelFunc
}

func (c *cancelling) ReadAt(p []byte, off int64) (int, error) {
	if c.n.Add(-1) == 0 {
		c.cancel()
	}
	return c.ReaderAt.ReadAt(p, off)
}

func TestPDFCanceledWhileRead(t *testing.T) {
	report := readFixture(t, "report.pdf")
	for n := range int32(6) {
		ctx, cancel := context.WithCancel(t.Context())
		r := &cancelling{ReaderAt: strings.NewReader(report), cancel: cancel}
		r.n.Store(n + 1)
		if got, err := shared.Extract(ctx, "a.pdf", r, int64(len(report))); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at read %d: got %+v, %v", n+1, got, err)
		}
		cancel()
	}
	extracttest.Must(t, shared, "report.pdf", report)
}

func TestClose(t *testing.T) {
	x := extract.New(list, extract.Options{CacheDir: cacheDir})
	slow := endlessPDF()
	failed := make(chan error)
	go func() {
		_, err := x.Extract(context.Background(), "a.pdf", strings.NewReader(slow), int64(len(slow)))
		failed <- err
	}()
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, errClosed) {
		t.Errorf("got %v, want that the extractor is closed", err)
	}
	if err := x.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := x.Extract(t.Context(), "a.txt", strings.NewReader("hello"), 5); err != nil {
		t.Errorf("text after Close: %v", err)
	}
}

// TestPDFReaderDoesNotStart checks that this is not held against the document.
func TestPDFReaderDoesNotStart(t *testing.T) {
	x := extract.New(list, extract.Options{Limits: extract.Limits{Memory: 1 << 16}}) // too little for any
	defer x.Close()
	content := readFixture(t, "report.pdf")
	_, err := x.Extract(t.Context(), "report.pdf", strings.NewReader(string(content)), int64(len(content)))
	if !errors.Is(err, extract.ErrTransient) || !strings.Contains(err.Error(), "starting the PDF reader") {
		t.Errorf("error %v", err)
	}
}
