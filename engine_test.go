package albertsearch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/memory"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
)

// countingEmbedder counts the texts it embeds and can be made to fail.
type countingEmbedder struct {
	embedtest.Hash
	texts  atomic.Int64
	before func() error // called before each Embed; may be nil
}

func (c *countingEmbedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return nil, err
		}
	}
	c.texts.Add(int64(len(texts)))
	return c.Hash.Embed(ctx, texts)
}

// wordTokens is a tokenizer whose pieces are words.
type wordTokens struct{}

func wordID(w string) int32 {
	h := fnv.New32a()
	h.Write([]byte(strings.ToLower(w)))
	return int32(h.Sum32()%1_000_000) + 10
}

func (wordTokens) Append(dst []tokenize.Token, text string) []tokenize.Token {
	letter := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	for i := 0; i < len(text); {
		n := strings.IndexFunc(text[i:], letter)
		if n < 0 {
			break
		}
		start := i + n
		end := len(text)
		if n := strings.IndexFunc(text[start:], func(r rune) bool { return !letter(r) }); n >= 0 {
			end = start + n
		}
		dst = append(dst, tokenize.Token{ID: wordID(text[start:end]), Start: start, End: end})
		i = end
	}
	return dst
}
func (wordTokens) Special() tokenize.Special { return tokenize.Special{CLS: 1, SEP: 2} }
func (wordTokens) Size() int                 { return 1_000_010 }

// wordReader is a reader for which the answer to everything is one word.
type wordReader string

func (w wordReader) Spans(_ context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	for _, s := range seqs {
		row := make([]float32, len(s.IDs))
		for i := s.Split; i < len(s.IDs); i++ {
			if s.IDs[i] == wordID(string(w)) {
				row[i] = 9
			} else {
				row[i] = -9
			}
		}
		start, end = append(start, row), append(end, row)
	}
	return start, end, nil
}

func reader(word string) *albertsearch.Reader {
	return &albertsearch.Reader{Spans: wordReader(word), Tokenizer: wordTokens{}}
}

// fixture is an engine on a new index, and a folder of documents.
type fixture struct {
	*albertsearch.Engine
	t        *testing.T
	docs     string
	dir      string
	backend  index.Backend // instead of dir, if not nil
	embedder *countingEmbedder
	reports  map[string]albertsearch.FileReport // of the last run, by base name
}

func newFixture(t *testing.T, answer string) *fixture {
	t.Helper()
	return withReader(t, reader(answer))
}

// withReader is a new fixture with the reader.
func withReader(t *testing.T, r *albertsearch.Reader) *fixture {
	t.Helper()
	f := &fixture{t: t, docs: t.TempDir(), dir: filepath.Join(t.TempDir(), "index"),
		embedder: &countingEmbedder{Hash: embedtest.Hash{Dimension: 512}}}
	if strings.HasPrefix(t.Name(), "TestInMemory/") {
		f.backend = memory.New()
		f.dir = f.backend.String()
	}
	o := f.options()
	o.Embedder, o.Reader = f.embedder, r
	e, err := albertsearch.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Engine = e
	return f
}

// options are those of an engine on the fixture's index.
func (f *fixture) options() albertsearch.Options {
	if f.backend != nil {
		return albertsearch.Options{Backend: f.backend}
	}
	return albertsearch.Options{Dir: f.dir}
}

// TestInMemory runs tests of the engine on an index in memory.
func TestInMemory(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"IndexAndSearch": TestIndexAndSearch, "HybridExplains": TestHybridExplains, "AskCitesTheBytes": TestAskCitesTheBytes,
		"AskWithoutAnswer": TestAskWithoutAnswer, "Lookalikes": TestLookalikesAreFoundAndQuotedAsTheyAre,
		"SecondRun": TestSecondRunDoesOnlyWhatChanged, "UnreadableKeeps": TestUnreadableKeepsWhatWasIndexed,
		"BadInput": TestBadInputIsCountedAndTheRestGoesOn, "Interrupted": TestInterruptedIndexIsUsable,
		"FilterAndRemove": TestFilterAndRemove, "OtherEmbedder": TestOtherEmbedderIsRefused, "NoIndexYet": TestNoIndexYet,
		"SearchWhileIndexing": TestSearchWhileIndexing, "NothingChanged": TestNothingChangedPublishesNothing,
		"EqualPassages": TestEqualPassagesAreEmbeddedOnce, "Reembed": TestReembed, "ReembedGoesOn": TestReembedGoesOn,
		"ReembedThird": TestReembedThird, "SearchIsReranked": TestSearchIsReranked, "NarrowerRun": TestNarrowerRunKeepsTheRest,
		"UnreadParts": TestUnreadPartsOfSourcesAreKept, "IndexerLooks": TestIndexerLooksAtWhatChanged,
		"ListsOnce": TestIndexListsOnce, "DoubtfulRoots": TestDoubtfulRootsAreKept, "VectorsAreReused": TestVectorsAreReused,
		"HowFresh":          TestResultsSayHowFreshTheyAre,
		"WhereverTheyStand": TestTextsAreEmbeddedOnceWhereverTheyStand,
		"Older":             TestStatusCountsOlder, "FailedSay": TestFailedSayWhatTheyWereTakenFor,
	} {
		t.Run(name, test)
	}
}

// TestTwoPlaces checks that an engine is told of one place.
func TestTwoPlaces(t *testing.T) {
	for _, o := range []albertsearch.Options{{}, {Dir: t.TempDir(), Backend: memory.New()}} {
		if _, err := albertsearch.Open(o); albertsearch.KindOf(err) != albertsearch.KindUsage {
			t.Errorf("%+v: %v", o, err)
		}
	}
	e, err := albertsearch.Open(albertsearch.Options{Backend: readOnly{memory.New()}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Check(t.Context(), nil); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("checking what cannot be checked: %v", err)
	}
}

// TestSchemes opens an index by its address.
func TestSchemes(t *testing.T) {
	stores := make(map[string]index.Backend)
	schemes := index.Schemes{"mem": func(name string) (index.Backend, error) {
		if stores[name] == nil {
			stores[name] = memory.New()
		}
		return stores[name], nil
	}}
	for _, dir := range []string{"mem:a", "mem:b", filepath.Join(t.TempDir(), "mem")} {
		e, err := albertsearch.Open(albertsearch.Options{Dir: dir, Schemes: schemes, Embedder: embedtest.Hash{Dimension: 8}})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if _, err := e.Status(t.Context()); !errors.Is(err, index.ErrNotFound) {
			t.Errorf("%s: %v", dir, err)
		}
		if _, err := e.Index(t.Context(), albertsearch.IndexRequest{}); err != nil {
			t.Fatal(err)
		}
		if st, err := e.Status(t.Context()); err != nil || st.Index != dir {
			t.Errorf("%s: %+v, %v", dir, st, err)
		}
	}
	if len(stores) != 2 {
		t.Errorf("%d indexes are in memory, want 2", len(stores))
	}
}

// readOnly is a Backend and nothing else.
type readOnly struct{ index.Backend }

func (f *fixture) write(name, text string) string {
	f.t.Helper()
	path := filepath.Join(f.docs, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// source offers the fixture's folder, or the given paths.
func (f *fixture) source(paths ...string) ingest.Source {
	f.t.Helper()
	if len(paths) == 0 {
		paths = []string{f.docs}
	}
	x := formats.New(extract.Options{})
	f.t.Cleanup(func() { x.Close() })
	s, err := source.Files(paths, source.FileOptions{Extractor: x})
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func (f *fixture) index() albertsearch.IndexSummary {
	f.t.Helper()
	f.reports = make(map[string]albertsearch.FileReport)
	sum, err := f.Index(f.t.Context(), albertsearch.IndexRequest{
		Sources: []ingest.Source{f.source()},
		Report:  func(r albertsearch.FileReport) { f.reports[filepath.Base(r.Path)] = r },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return sum
}

// bytes returns what stands in the text of the file where the citation says.
func (f *fixture) bytes(c albertsearch.Citation) string {
	f.t.Helper()
	content, err := os.ReadFile(c.Path)
	if err != nil {
		f.t.Fatal(err)
	}
	text, err := formats.New(extract.Options{}).Extract(f.t.Context(), c.Path, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		f.t.Fatal(err)
	}
	if c.Start < 0 || c.End < c.Start || c.End > len(text.Body) {
		f.t.Fatalf("%s: cited bytes %d to %d of %d", c.Path, c.Start, c.End, len(text.Body))
	}
	return text.Body[c.Start:c.End]
}

// top searches and returns the base name of the best hit, "" if there is none.
func (f *fixture) top(query string) string {
	f.t.Helper()
	res, err := f.Search(f.t.Context(), albertsearch.SearchRequest{Query: query, Mode: albertsearch.Keyword})
	if err != nil {
		f.t.Fatal(err)
	}
	if len(res.Hits) == 0 {
		return ""
	}
	return filepath.Base(res.Hits[0].Path)
}

const (
	gears = "# Gears\n\nA gear ratio is the number of teeth of the chainring\ndivided by that of the sprocket. The mechanic Ottilie measured it.\n"
	bread = "Sourdough wants time. The baker Ferdinand folds the dough four times.\n"
	stars = "The comet was seen on the ninth of March. The observer Walburga drew it.\n"
)

func TestIndexAndSearch(t *testing.T) {
	f := newFixture(t, "")
	f.write("bike/gears.md", gears)
	f.write("bread.txt", bread)
	f.write("stars.txt", stars)
	if sum := f.index(); sum.Indexed != 3 || sum.Failed+sum.Skipped+sum.Unchanged+sum.Removed != 0 {
		t.Fatalf("summary %+v, want 3 indexed", sum)
	}
	for _, mode := range albertsearch.Modes() {
		res, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "folding dough", Mode: mode, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Hits) != 1 {
			t.Fatalf("%s: %d hits, want 1", mode, len(res.Hits))
		}
		hit := res.Hits[0]
		if filepath.Base(hit.Path) != "bread.txt" {
			t.Errorf("%s: found %s, want bread.txt", mode, hit.Path)
		}
		if at := strings.Index(bread, "folds") + 1; hit.Line != 1 || hit.Column != at {
			t.Errorf("%s: cited at %d:%d, want the first match at 1:%d", mode, hit.Line, hit.Column, at)
		}
		if got := f.bytes(hit.Citation); got != hit.Text {
			t.Errorf("%s: bytes %d to %d of the file are %q, the hit says %q", mode, hit.Start, hit.End, got, hit.Text)
		}
		var lit []string
		for _, m := range hit.Matches {
			lit = append(lit, hit.Text[m.Start:m.End])
		}
		if got := strings.Join(lit, " "); got != "folds dough" {
			t.Errorf("%s: matched words are %q, want the stems' words \"folds dough\"", mode, got)
		}
	}
}

func TestHybridExplains(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	f.write("stars.txt", stars)
	f.index()
	res, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "sourdough"})
	if err != nil {
		t.Fatal(err)
	}
	got := res.Hits[0].Explain
	if got.KeywordRank != 1 || got.VectorRank != 1 || got.KeywordScore <= 0 || got.Cosine <= 0 || got.Fused != res.Hits[0].Score {
		t.Errorf("the best hit explains itself as %+v", got)
	}
	if last := res.Hits[len(res.Hits)-1].Explain; last.KeywordRank != 0 || last.VectorRank != len(res.Hits) {
		t.Errorf("the hit without the word explains itself as %+v", last)
	}
}

func TestAskCitesTheBytes(t *testing.T) {
	f := newFixture(t, "Ottilie")
	f.write("bike/gears.md", gears)
	f.write("bread.txt", bread)
	f.index()
	res, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "Who measured the gear ratio?"})
	if err != nil {
		t.Fatal(err)
	}
	if !res.Answered || len(res.Answers) == 0 {
		t.Fatalf("not answered: %+v", res)
	}
	a := res.Answers[0]
	if a.Text != "Ottilie" || f.bytes(a.Citation) != "Ottilie" {
		t.Errorf("answer %q at %d to %d, which is %q", a.Text, a.Start, a.End, f.bytes(a.Citation))
	}
	line := strings.Split(gears, "\n")[a.Line-1]
	if !strings.Contains(line, "Ottilie") {
		t.Errorf("cited in line %d, where %q stands", a.Line, line)
	}
	if strings.Join(a.Heading, "/") != "Gears" {
		t.Errorf("under the heading %q, want Gears", a.Heading)
	}
	if got := a.Sentence[a.InSentence.Start:a.InSentence.End]; got != "Ottilie" || !strings.Contains(a.Sentence, "measured it.") {
		t.Errorf("sentence %q with %q lit up", a.Sentence, got)
	}
	if a.Confidence < 0 || a.Confidence > 1 {
		t.Errorf("confidence %g is outside 0..1", a.Confidence)
	}
}

func TestAskWithoutAnswer(t *testing.T) {
	f := newFixture(t, "nowhere")
	f.write("bread.txt", bread)
	f.write("broken.pdf", "not a PDF")
	f.index()
	res, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "Who folds the dough?"})
	if err != nil {
		t.Fatal(err)
	}
	if res.Answered {
		t.Errorf("answered with %+v", res.Answers)
	}
	if want := (albertsearch.Coverage{Documents: 2, Unread: 1}); res.Coverage != want {
		t.Errorf("coverage %+v, want %+v", res.Coverage, want)
	}
	if _, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: " \n"}); err == nil {
		t.Error("an empty question is accepted")
	}
}

// What is matched and read is the normalised form, what is quoted the original.
func TestLookalikesAreFoundAndQuotedAsTheyAre(t *testing.T) {
	const text = "The fаctorized embеdding of АLBERT saves para\u00admeters.\n" // Cyrillic а, е, А; soft hyphen
	f := newFixture(t, "ALBERT")
	f.write("lookalike.txt", text)
	f.index()
	if got := f.top("ALBERT factorized embedding parameters"); got != "lookalike.txt" {
		t.Fatalf("found %q", got)
	}
	res, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "What saves parameters?"})
	if err != nil {
		t.Fatal(err)
	}
	if a := res.Answers[0]; a.Text != "АLBERT" || f.bytes(a.Citation) != a.Text {
		t.Errorf("quoted %q (%+q), the file has %+q", a.Text, a.Text, f.bytes(a.Citation))
	}
}

func TestSecondRunDoesOnlyWhatChanged(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	f.write("stars.txt", stars)
	f.write("gears.md", gears)
	f.write("broken.pdf", "not a PDF")
	f.index()
	embedded := f.embedder.texts.Load()

	if sum := f.index(); sum.Unchanged != 3 || sum.Failed != 1 || sum.Indexed != 0 {
		t.Errorf("nothing changed, and the summary is %+v", sum)
	}
	if n := f.embedder.texts.Load() - embedded; n != 0 {
		t.Errorf("%d texts were embedded again", n)
	}

	// Touched but the same, changed, gone, new.
	past := time.Now().Add(-72 * time.Hour)
	if err := os.Chtimes(filepath.Join(f.docs, "bread.txt"), past, past); err != nil {
		t.Fatal(err)
	}
	f.write("stars.txt", strings.ReplaceAll(stars, "comet", "eclipse"))
	if err := os.Remove(filepath.Join(f.docs, "gears.md")); err != nil {
		t.Fatal(err)
	}
	f.write("new.txt", "A lighthouse keeper writes letters.\n")
	sum := f.index()
	if sum.Unchanged != 1 || sum.Indexed != 2 || sum.Removed != 1 || sum.Failed != 1 {
		t.Errorf("summary %+v, want 1 unchanged, 2 indexed, 1 removed, 1 failed", sum)
	}
	if got := f.reports["gears.md"].Outcome; got != albertsearch.OutcomeRemoved {
		t.Errorf("the file that is gone is reported as %q", got)
	}
	for query, want := range map[string]string{"eclipse": "stars.txt", "comet": "", "sprocket": "", "lighthouse": "new.txt", "dough": "bread.txt"} {
		if got := f.top(query); got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

func TestUnreadableKeepsWhatWasIndexed(t *testing.T) {
	f := newFixture(t, "")
	path := f.write("stars.txt", stars)
	f.index()
	if err := os.WriteFile(path, []byte{0, 1, 2, 0, 0xff, 0xfe, 0, 0, 9, 0}, 0o644); err != nil {
		t.Fatal(err)
	}
	if sum := f.index(); sum.Failed != 1 || sum.Removed != 0 {
		t.Errorf("summary %+v, want 1 failed", sum)
	}
	if got := f.top("comet"); got != "stars.txt" {
		t.Errorf("what was indexed before is lost: found %q", got)
	}
	if reason := f.reports["stars.txt"].Reason; !strings.Contains(reason, "kept") {
		t.Errorf("reason %q does not say that the old text is kept", reason)
	}
}

func TestBadInputIsCountedAndTheRestGoesOn(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	f.write("empty.txt", "")
	f.write("cut.pdf", "%PDF-1.7\n1 0 obj\n<<")
	f.write("zip.docx", "PK\x03\x04 and then nothing")
	f.write("picture.png", "\x89PNG\r\n\x1a\n")
	f.write("partly.txt", "A comet \x01\x02 and what cannot be read.\n")
	sum := f.index()
	if sum.Indexed != 2 || sum.Failed != 3 || sum.Skipped != 1 {
		t.Errorf("summary %+v, want 2 indexed, 3 failed, 1 skipped", sum)
	}
	for name, r := range f.reports {
		if name != "bread.txt" && r.Reason == "" {
			t.Errorf("%s: no reason is given", name)
		}
	}
	status, err := f.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Documents != 2 || status.Partial != 1 || status.Failed != 3 || status.Skipped != 1 || len(status.Unread) != 5 {
		t.Errorf("status counts %+v and lists %d", status, len(status.Unread))
	}
	found, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "comet"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (albertsearch.Coverage{Documents: 6, Unread: 4, Partial: 1}); found.Coverage != want {
		t.Errorf("coverage %+v, want %+v", found.Coverage, want)
	}
}

// What was reported is in the index, whenever the run is interrupted.
func TestInterruptedIndexIsUsable(t *testing.T) {
	f := newFixture(t, "")
	for i := range 1200 {
		f.write(fmt.Sprintf("note%04d.txt", i), fmt.Sprintf("Note number%04d is about nothing much.\n", i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var calls atomic.Int32 // of several goroutines
	f.embedder.before = func() error {
		if calls.Add(1) == 9 {
			cancel()
		}
		return ctx.Err()
	}
	reported := 0
	_, err := f.Index(ctx, albertsearch.IndexRequest{Sources: []ingest.Source{f.source()},
		Report: func(albertsearch.FileReport) { reported++ }})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want a cancelled run", err)
	}
	f.embedder.before = nil
	status, err := f.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if reported == 0 || status.Documents != reported {
		t.Errorf("%d documents were reported, %d are there", reported, status.Documents)
	}
	sum := f.index()
	if sum.Unchanged != reported || sum.Indexed != 1200-reported {
		t.Errorf("the next run's summary is %+v, want %d unchanged and the rest indexed", sum, reported)
	}
}

func TestFilterAndRemove(t *testing.T) {
	f := newFixture(t, "")
	f.write("kitchen/bread.txt", bread)
	f.write("sky/stars.txt", stars)
	f.write("sky/gears.md", gears)
	f.index()
	res, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "dough comet teeth",
		Filter: index.Filter{Paths: []string{"sky/**"}, Types: []string{"text"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range res.Hits {
		if filepath.Base(h.Path) != "stars.txt" {
			t.Errorf("%s passes the filter", h.Path)
		}
	}
	removed, err := f.Remove(t.Context(), albertsearch.RemoveRequest{Filter: index.Filter{Paths: []string{"sky/**"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(removed.Removed) != 2 || f.top("comet") != "" || f.top("dough") != "bread.txt" {
		t.Errorf("removed %d documents; comet finds %q, dough %q", len(removed.Removed), f.top("comet"), f.top("dough"))
	}
}

func TestOtherEmbedderIsRefused(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	f.index()
	o := f.options()
	o.Embedder = embedtest.Hash{Dimension: 32}
	other, err := albertsearch.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Search(t.Context(), albertsearch.SearchRequest{Query: "dough"}); !errors.Is(err, index.ErrModelMismatch) {
		t.Errorf("searching gives %v, want ErrModelMismatch", err)
	}
	if _, err := other.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{f.source()}}); !errors.Is(err, index.ErrModelMismatch) {
		t.Errorf("indexing gives %v, want ErrModelMismatch", err)
	}
	if res, err := other.Search(t.Context(), albertsearch.SearchRequest{Query: "dough", Mode: albertsearch.Keyword}); err != nil || len(res.Hits) != 1 {
		t.Errorf("keyword search, which needs no vectors, gives %v, %v", res, err)
	}
}

func TestNoIndexYet(t *testing.T) {
	f := newFixture(t, "")
	if _, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "dough"}); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestSearchWhileIndexing(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.index()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "dough"})
				if err != nil || len(res.Hits) == 0 {
					t.Errorf("search while indexing: %v", err)
					return
				}
				if _, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "What is folded?"}); err != nil {
					t.Errorf("ask while indexing: %v", err)
					return
				}
			}
		})
	}
	for i := range 5 {
		f.write(fmt.Sprintf("more%d.txt", i), stars)
		f.index()
	}
	close(stop)
	wg.Wait()
}

// A run in which nothing has changed publishes nothing, whatever could not be
// read.
func TestNothingChangedPublishesNothing(t *testing.T) {
	f := newFixture(t, "")
	f.write("bread.txt", bread)
	f.write("picture.png", "\x89PNG\r\n\x1a\n")
	f.write("empty.txt", "")
	f.index()
	generation := func() uint64 {
		s, err := f.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s.Generation
	}
	past := time.Now().Add(-72 * time.Hour)
	if err := os.Chtimes(filepath.Join(f.docs, "bread.txt"), past, past); err != nil {
		t.Fatal(err)
	}
	f.index() // notes the time
	before, published := generation(), 0
	for range 5 {
		f.index()
		if now := generation(); now != before {
			before = now
			published++
		}
	}
	// Once only: the times of the new files come to be trusted.
	if published > 1 {
		t.Errorf("%d of 5 runs published something", published)
	}
}

// TestLanguages checks that a text is found, and marked, in its own language.
func TestLanguages(t *testing.T) {
	backend := memory.New()
	settings := index.Settings{Embedder: "hash-512", Dim: 512, Languages: "en,de"}
	w, err := backend.Create(t.Context(), settings)
	if err != nil {
		t.Fatal(err)
	}
	var b index.Batch
	for language, text := range map[string]string{"de": "Zwei Häuser am See", "en": "Two houses by the lake"} {
		b.Put = append(b.Put, index.Document{Info: index.Info{ID: language, Path: "/" + language, Language: language},
			Content: []index.Passage{{End: len(text), Text: text}}})
	}
	if err := errors.Join(w.Apply(t.Context(), b), w.Close()); err != nil {
		t.Fatal(err)
	}
	e, err := albertsearch.Open(albertsearch.Options{Backend: backend, Languages: []string{"en", "de"}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for query, want := range map[string]string{"Haus": "Häuser", "house": "houses"} {
		res, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: query, Mode: albertsearch.Keyword})
		if err != nil || len(res.Hits) != 1 {
			t.Fatalf("%s finds %+v, %v", query, res, err)
		}
		h := res.Hits[0]
		if len(h.Matches) != 1 || h.Text[h.Matches[0].Start:h.Matches[0].End] != want {
			t.Errorf("%s matches %+v of %q, want %q", query, h.Matches, h.Text, want)
		}
	}
	if _, err := albertsearch.Open(albertsearch.Options{Backend: backend, Languages: []string{"klingon"}}); albertsearch.KindOf(err) != albertsearch.KindUsage {
		t.Errorf("an unknown language: %v", err)
	}
}
