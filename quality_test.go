package albertsearch_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	albertsearch "github.com/albert-search/albert-search"

	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/source"
	"github.com/albert-search/albert-search/internal/eval"
)

var update = flag.Bool("update", false, "write testdata/quality.golden anew")

const goldenFile = "testdata/quality.golden"

// sampleQuestion is a question of testdata/questions.json.
type sampleQuestion struct {
	ID         string
	Question   string
	Impossible bool        `json:"is_impossible"`
	Answers    []eval.Gold `json:"answers"`
	Document   string
}

// builtinEngine is an engine with the built-in models on the sample collection.
func builtinEngine(t *testing.T) *albertsearch.Engine {
	t.Helper()
	library := orttest.Runtime(t).Library().Path
	e, err := albertsearch.Open(albertsearch.Options{Dir: filepath.Join(t.TempDir(), "index"), ONNXRuntime: library})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	x := formats.New(extract.Options{})
	t.Cleanup(func() { x.Close() })
	docs, err := source.Files([]string{"testdata/sample"}, source.FileOptions{Extractor: x})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := e.Index(t.Context(), albertsearch.IndexRequest{Sources: []ingest.Source{docs}})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Failed+sum.Skipped > 0 {
		t.Fatalf("indexing the sample: %+v", sum)
	}
	return e
}

// TestQuality compares how well the sample's questions are answered with the
// committed file, so that a change of ranking or reading shows in a diff. A
// few lines may differ, since processors round differently; the figures at the
// end of the file may move by little.
func TestQuality(t *testing.T) {
	var file struct{ Data []sampleQuestion }
	b, err := os.ReadFile("testdata/questions.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	e := builtinEngine(t)
	var lines []string
	sums := make(map[string]float64)
	answerable, impossible := 0.0, 0.0
	for _, q := range file.Data {
		res, err := e.Ask(t.Context(), albertsearch.AskRequest{Question: q.Question})
		if err != nil {
			t.Fatal(err)
		}
		verdict, best := "withheld", ""
		if res.Answered {
			verdict = "answered"
		}
		if len(res.Answers) > 0 {
			best = res.Answers[0].Text
		}
		if q.Impossible {
			impossible++
			if !res.Answered {
				sums["unanswerable, withheld"]++
			}
			lines = append(lines, fmt.Sprintf("%s %s %q", q.ID, verdict, best))
			continue
		}
		answerable++
		exact, f1 := eval.Score(best, q.Answers)
		sums["exact match"] += exact
		sums["F1"] += f1
		if res.Answered {
			sums["answerable, answered"]++
		}
		line := q.ID
		for _, mode := range albertsearch.Modes() {
			rank := documentRank(t, e, q, mode)
			line += fmt.Sprintf(" %s %d", mode, rank)
			for _, k := range []int{1, 5} {
				if 0 < rank && rank <= k {
					sums[fmt.Sprintf("%s recall@%d", mode, k)]++
				}
			}
		}
		lines = append(lines, fmt.Sprintf("%s f1 %.2f %s %q", line, f1, verdict, best))
	}
	if answerable == 0 || impossible == 0 {
		t.Fatal("testdata/questions.json lacks questions with or without an answer")
	}
	var figures []string
	for name := range sums {
		n := answerable
		if strings.HasPrefix(name, "unanswerable") {
			n = impossible
		}
		figures = append(figures, fmt.Sprintf("%s: %.3f", name, sums[name]/n))
	}
	slices.Sort(figures)
	got := "# id, rank of the right document in each mode (0: not among 10), F1, best answer\n" +
		strings.Join(lines, "\n") + "\n\n" + strings.Join(figures, "\n") + "\n"
	if *update {
		if err := os.WriteFile(goldenFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	compareQuality(t, got)
}

// documentRank is the rank of the question's document among the documents
// found, from 1; 0 if it is not there.
func documentRank(t *testing.T, e *albertsearch.Engine, q sampleQuestion, mode albertsearch.Mode) int {
	t.Helper()
	res, err := e.Search(t.Context(), albertsearch.SearchRequest{Query: q.Question, Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, h := range res.Hits {
		if !slices.Contains(found, h.ID) {
			found = append(found, h.ID)
		}
		if strings.HasSuffix(h.ID, "/testdata/sample/"+q.Document) {
			return len(found)
		}
	}
	return 0
}

func compareQuality(t *testing.T, got string) {
	t.Helper()
	b, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatalf("%v; write it with go test -run TestQuality -update .", err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(b), "\n")
	if len(gotLines) != len(wantLines) {
		t.Fatalf("%d lines, %s has %d; if that is meant, run go test -run TestQuality -update .", len(gotLines), goldenFile, len(wantLines))
	}
	differ := 0
	for i, got := range gotLines {
		want := wantLines[i]
		if got == want {
			continue
		}
		t.Logf("- %s\n+ %s", want, got)
		name, g, gotFigure := figure(got)
		_, w, wantFigure := figure(want)
		switch {
		case gotFigure != wantFigure:
			t.Errorf("line %d is %q, want %q", i+1, got, want)
		case gotFigure && math.Abs(g-w) > .03:
			t.Errorf("%s is %.3f, was %.3f", name, g, w)
		case !gotFigure:
			differ++
		}
	}
	if most := len(wantLines) / 20; differ > most {
		t.Errorf("%d lines differ from %s, at most %d may; if the change is meant, run go test -run TestQuality -update .", differ, goldenFile, most)
	}
}

// figure parses a line like "F1: 0.703".
func figure(line string) (name string, value float64, ok bool) {
	name, rest, found := strings.Cut(line, ": ")
	if !found {
		return "", 0, false
	}
	n, err := fmt.Sscanf(rest, "%f", &value)
	return name, value, n == 1 && err == nil && !strings.Contains(name, `"`)
}
