package albertsearch_test

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/embed/embedtest"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// normalize gives v the length 1.
func normalize(v []float32) {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
}

func TestOptionsThatWouldBeIgnoredAreRefused(t *testing.T) {
	half, two := .5, 2.
	backend := local.New(t.TempDir(), local.Options{})
	for name, o := range map[string]albertsearch.Options{
		"nowhere":                  {},
		"folder and backend":       {Dir: "x", Backend: backend},
		"time limit and backend":   {Backend: backend, WriteTimeout: time.Second},
		"negative time limit":      {Dir: "x", WriteTimeout: -1},
		"threads":                  {Dir: "x", Threads: -1},
		"two embedders":            {Dir: "x", Embedder: embedtest.Hash{Dimension: 2}, Models: albertsearch.Models{albert.RoleEmbedder: {}}},
		"two readers":              {Dir: "x", Reader: reader("x"), Models: albertsearch.Models{albert.RoleReader: {}}},
		"two rerankers":            {Dir: "x", Reranker: &albertsearch.Reranker{}, Models: albertsearch.Models{albert.RoleReranker: {}}},
		"reranker and reranking":   {Dir: "x", Reranker: &albertsearch.Reranker{}, Reranking: &rerank.Calibration{}},
		"a model nothing uses":     {Dir: "x", Models: albertsearch.Models{albert.RoleTagger: {}}},
		"a model of no role":       {Dir: "x", Models: albertsearch.Models{"singer": {}}},
		"reader and calibration":   {Dir: "x", Reader: reader("x"), Calibration: &qa.Calibration{}},
		"reader and threshold":     {Dir: "x", Reader: reader("x"), Threshold: &half},
		"reader and reranking":     {Dir: "x", Reader: reader("x"), Reranking: &rerank.Calibration{}},
		"threshold of more than 1": {Dir: "x", Threshold: &two},
	} {
		e, err := albertsearch.Open(o)
		if err == nil {
			t.Errorf("%s: accepted", name)
			_ = e.Close()
		} else if albertsearch.KindOf(err) != albertsearch.KindUsage {
			t.Errorf("%s: the error %v is of the kind %s", name, err, albertsearch.KindOf(err))
		}
	}
}

// A threshold of 0 gives an answer whose confidence is too low otherwise.
func TestThresholdOfZero(t *testing.T) {
	for _, threshold := range []*float64{nil, new(float64)} {
		f := newFixture(t, "nothing")
		r := reader("comet")
		r.Options.Threshold = threshold
		r.Options.Calibration = &qa.Calibration{FusedWeight: 1, Bias: -20, Threshold: .5}
		e, err := albertsearch.Open(albertsearch.Options{Dir: f.dir, Embedder: f.embedder, Reader: r})
		if err != nil {
			t.Fatal(err)
		}
		f.write("stars.txt", stars)
		f.index()
		res, err := e.Ask(t.Context(), albertsearch.AskRequest{Question: "What has a tail?"})
		if err != nil || len(res.Answers) == 0 || res.Answered != (threshold != nil) {
			t.Errorf("threshold %v: %+v, %v", threshold, res, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRemoveNeedsToBeToldWhat(t *testing.T) {
	f := newFixture(t, "dough")
	f.write("bread.txt", bread)
	f.index()
	for _, r := range []albertsearch.RemoveRequest{
		{},
		{All: true, Filter: index.Filter{Paths: []string{"*"}}},
	} {
		if res, err := f.Remove(t.Context(), r); err == nil || albertsearch.KindOf(err) != albertsearch.KindUsage {
			t.Errorf("%+v: %+v, %v", r, res, err)
		}
	}
	if f.top("dough") != "bread.txt" {
		t.Fatal("something was removed all the same")
	}
	res, err := f.Remove(t.Context(), albertsearch.RemoveRequest{All: true})
	if err != nil || !res.Deleted || res.Removed == nil || len(res.Removed) != 0 {
		t.Errorf("removing all: %+v, %v", res, err)
	}
	if _, err := f.Status(t.Context()); albertsearch.KindOf(err) != albertsearch.KindNoIndex {
		t.Errorf("afterwards: %v", err)
	}
}

func TestLoggerIsTold(t *testing.T) {
	var out bytes.Buffer
	f := newFixture(t, "dough")
	e, err := albertsearch.Open(albertsearch.Options{
		Dir: f.dir, Embedder: f.embedder, Reader: reader("dough"), Logger: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	f.write("bread.txt", bread)
	f.write("empty.txt", "")
	if _, err := e.IndexPaths(t.Context(), f.docs); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "dough"}); err != nil {
			t.Fatal(err)
		}
	}
	f.write("stars.txt", stars)
	if _, err := e.IndexPaths(t.Context(), f.docs); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: "comet"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Remove(t.Context(), albertsearch.RemoveRequest{All: true}); err != nil {
		t.Fatal(err)
	}
	log := out.String()
	for part, want := range map[string]int{
		`msg="document cannot be read"`: 2, "empty.txt": 2, // a failed document is tried again
		`msg="index opened"`: 1, `msg="newer generation of the index opened"`: 1,
		`msg="index deleted"`: 1,
	} {
		if got := strings.Count(log, part); got != want {
			t.Errorf("the log has %q %d times, want %d:\n%s", part, got, want, log)
		}
	}
}
