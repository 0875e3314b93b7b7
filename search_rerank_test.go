package albertsearch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// relevantReader is a wordReader for which passages with a word are relevant.
type relevantReader struct {
	wordReader
	relevant string
}

func (relevantReader) HasRelevance() bool { return true }

func (r relevantReader) SpansAndRelevance(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, relevance []float32, err error) {
	start, end, err = r.Spans(ctx, seqs)
	for _, s := range seqs {
		logit := float32(-4)
		if slices.Contains(s.IDs[s.Split:], wordID(r.relevant)) {
			logit = 4
		}
		relevance = append(relevance, logit)
	}
	return start, end, relevance, err
}

func judge(answer, relevant string) *albertsearch.Reader {
	return &albertsearch.Reader{Spans: relevantReader{wordReader(answer), relevant}, Tokenizer: wordTokens{}}
}

func paths(res *albertsearch.SearchResult) (names []string) {
	for _, h := range res.Hits {
		names = append(names, filepath.Base(h.Path))
	}
	return names
}

func TestSearchIsReranked(t *testing.T) {
	f := withReader(t, judge("", "sprocket"))
	f.write("both.txt", "dough and dough: the baker folds the dough")
	f.write("some.txt", "the baker folds dough beside a sprocket")
	f.write("none.txt", "the observer drew a comet")
	f.index()
	search := func(r albertsearch.SearchRequest) *albertsearch.SearchResult {
		t.Helper()
		r.Query = "fold dough"
		res, err := f.Search(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	plain := search(albertsearch.SearchRequest{})
	if got := paths(plain); got[0] != "both.txt" || got[1] != "some.txt" {
		t.Fatalf("not reranked: %v", got)
	}
	for _, h := range plain.Hits {
		if h.Explain.Relevance != nil || h.Score != h.Explain.Fused {
			t.Errorf("not reranked: %+v", h.Explain)
		}
	}
	res := search(albertsearch.SearchRequest{Rerank: 10})
	if got := paths(res); got[0] != "some.txt" || len(got) != len(plain.Hits) {
		t.Errorf("reranked: %v", got)
	}
	c := rerank.BuiltinCalibration()
	for _, h := range res.Hits {
		want := -4.0
		if filepath.Base(h.Path) == "some.txt" {
			want = 4
		}
		if h.Explain.Relevance == nil || *h.Explain.Relevance != want {
			t.Errorf("%s: explained as %+v", h.Path, h.Explain)
		} else if math.Abs(h.Score-c.Score(h.Explain.Fused, want)) > 1e-12 {
			t.Errorf("%s: score %v", h.Path, h.Score)
		}
	}
	// The second is among the candidates though one hit is asked for.
	if got := paths(search(albertsearch.SearchRequest{Rerank: 2, Limit: 1})); !slices.Equal(got, []string{"some.txt"}) {
		t.Errorf("one hit of two reranked: %v", got)
	}
	one := search(albertsearch.SearchRequest{Rerank: 1})
	if got := paths(one); got[0] != "both.txt" || one.Hits[0].Explain.Relevance == nil || one.Hits[1].Explain.Relevance != nil {
		t.Errorf("one reranked: %v", got)
	}
}

func TestRerankingIsWeighedAsTheReaderSays(t *testing.T) {
	r := judge("", "sprocket")
	r.Reranking = &rerank.Calibration{Weight: 0, Slope: 1}
	f := withReader(t, r)
	f.write("both.txt", "dough and dough: the baker folds the dough")
	f.write("some.txt", "the baker folds dough beside a sprocket")
	f.index()
	res, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "fold dough", Rerank: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(res); got[0] != "both.txt" {
		t.Errorf("with no weight: %v", got)
	}
}

// TestRerankingIsWeighedAsTheOptionsSay has a model in files, whose relevance is
// that of random weights.
func TestRerankingIsWeighedAsTheOptionsSay(t *testing.T) {
	docs, dir := t.TempDir(), filepath.Join(t.TempDir(), "index")
	for i := range 6 {
		text := "word1 " + strings.Repeat("word2 ", i) + strings.Repeat("word3 ", 6-i)
		if err := os.WriteFile(filepath.Join(docs, fmt.Sprintf("%d.txt", i)), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	x := formats.New(extract.Options{})
	defer x.Close()
	source, err := source.Files([]string{docs}, source.FileOptions{Extractor: x})
	if err != nil {
		t.Fatal(err)
	}
	for i, weight := range []float64{0, 1, 0, 1} {
		c := &rerank.Calibration{Weight: weight, Slope: 1}
		model := parity("reader")
		model.Reranking = &rerank.Calibration{Weight: .5, Slope: 3}
		models := albertsearch.Models{albert.RoleEmbedder: parity("shared"), albert.RoleReader: model}
		if i > 1 {
			models[albert.RoleReader], models[albert.RoleReranker] = parity("groups"), model
		}
		e, err := albertsearch.Open(albertsearch.Options{
			Dir: dir, ONNXRuntime: orttest.Runtime(t).Library().Path, Reranking: c, Models: models,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{source}}); err != nil {
			t.Fatal(err)
		}
		res, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "word1 word2", Rerank: 6})
		if err := errors.Join(err, e.Close()); err != nil {
			t.Fatal(err)
		}
		if len(res.Hits) != 6 {
			t.Errorf("%d hits", len(res.Hits))
		}
		for _, h := range res.Hits {
			if r := h.Explain.Relevance; r == nil || math.Abs(h.Score-c.Score(h.Explain.Fused, *r)) > 1e-12 {
				t.Errorf("weight %v: %s has the score %v, explained as %+v", weight, h.Path, h.Score, h.Explain)
			}
		}
	}
}

// sprockets is a cross-encoder for which texts with sprockets are relevant.
type sprockets struct{}

func (sprockets) Relevance(_ context.Context, _ string, texts []string) ([]float64, error) {
	out := make([]float64, len(texts))
	for i, text := range texts {
		out[i] = -4
		if strings.Contains(text, "sprocket") {
			out[i] = 4
		}
	}
	return out, nil
}

// TestRerankerOfItsOwn takes the place of a reader that judges nothing, or judges
// otherwise, and brings its calibration.
func TestRerankerOfItsOwn(t *testing.T) {
	for _, r := range []*albertsearch.Reader{reader(""), judge("", "dough")} {
		f := withReader(t, r)
		f.write("both.txt", "dough and dough: the baker folds the dough")
		f.write("some.txt", "the baker folds dough beside a sprocket")
		f.index()
		for weight, first := range []string{"both.txt", "some.txt"} {
			o := f.options()
			o.Embedder, o.Reader = f.embedder, r
			o.Reranker = &albertsearch.Reranker{Encoder: sprockets{}, Reranking: &rerank.Calibration{Weight: float64(weight), Slope: 1}}
			e, err := albertsearch.Open(o)
			if err != nil {
				t.Fatal(err)
			}
			res, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "fold dough", Rerank: 2})
			if err := errors.Join(err, e.Close()); err != nil {
				t.Fatal(err)
			}
			if got := paths(res); len(got) != 2 || got[0] != first {
				t.Errorf("weight %d: %v", weight, got)
			}
		}
	}
}

func TestModelsOfRerankers(t *testing.T) {
	open := func(m *albertsearch.ModelFiles) error {
		t.Helper()
		e, err := albertsearch.Open(albertsearch.Options{
			Dir: t.TempDir(), ONNXRuntime: orttest.Runtime(t).Library().Path, Models: albertsearch.Models{albert.RoleReranker: m},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Reranker(t.Context())
		return errors.Join(err, e.Close())
	}
	if err := open(parity("reader")); err != nil {
		t.Error(err)
	}
	if err := open(nil); err == nil || albertsearch.KindOf(err) != albertsearch.KindNoModel {
		t.Errorf("no model: error %v", err)
	}
	err := open(parity("classes"))
	if !errors.Is(err, albert.ErrNoHead) || !strings.Contains(err.Error(), "classes") || !strings.Contains(err.Error(), "one label") {
		t.Errorf("a model of three labels: error %v", err)
	}
}

func TestRerankRefuses(t *testing.T) {
	able, unable := withReader(t, judge("", "x")), withReader(t, reader(""))
	for _, f := range []*fixture{able, unable} {
		f.write("bread.txt", bread)
		f.index()
	}
	for _, c := range []struct {
		f    *fixture
		r    albertsearch.SearchRequest
		want string
	}{
		{able, albertsearch.SearchRequest{Rerank: -1}, "-1"},
		{able, albertsearch.SearchRequest{Rerank: 5, Mode: albertsearch.Keyword}, "hybrid"},
		{unable, albertsearch.SearchRequest{Rerank: 5}, "relevance"},
	} {
		c.r.Query = "dough"
		_, err := c.f.Search(t.Context(), c.r)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.r, err, c.want)
		}
		if errors.Is(err, qa.ErrNoRelevance) != (c.f == unable) {
			t.Errorf("%+v: error %v", c.r, err)
		}
	}
}

// TestAskReadsMoreWithRelevance and says what it is.
func TestAskReadsMoreWithRelevance(t *testing.T) {
	for _, c := range []struct {
		reader *albertsearch.Reader
		read   int
	}{{reader("Ottilie"), 10}, {judge("Ottilie", "gear"), 20}} {
		f := withReader(t, c.reader)
		for i := range 25 {
			f.write(fmt.Sprintf("%02d.txt", i), fmt.Sprintf("The gear ratio was measured by Ottilie, number %d.", i))
		}
		f.index()
		res, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "Who measured the gear ratio?"})
		if err != nil {
			t.Fatal(err)
		}
		if res.Read != c.read {
			t.Errorf("read %d passages, want %d", res.Read, c.read)
		}
		if r := res.Answers[0].Relevance; (r != nil) != (c.read == 20) || r != nil && *r != 4 {
			t.Errorf("relevance %v", r)
		}
		res, err = f.Ask(t.Context(), albertsearch.AskRequest{Question: "Who measured the gear ratio?", Read: 3})
		if err != nil || res.Read != 3 {
			t.Errorf("read %d passages, want 3 (%v)", res.Read, err)
		}
	}
}

// TestOneModelReranksAndReads has a model of spans and relevance in files.
func TestOneModelReranksAndReads(t *testing.T) {
	_, res, err := indexWith(t, parity("shared"), parity("reader"))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Answers) == 0 || res.Answers[0].Relevance == nil {
		t.Errorf("answers %+v", res.Answers)
	}
	fitted := parity("groups")
	fitted.Calibration = &qa.Calibration{RelevanceWeight: 1}
	if _, _, err := indexWith(t, parity("shared"), fitted); !errors.Is(err, qa.ErrNoRelevance) || !strings.Contains(err.Error(), "calibration") {
		t.Errorf("a calibration with relevance for a reader without: error %v", err)
	}
}
