package eval_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/eval"
)

// folder writes files by name and returns the folder they are in.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadBEIR(t *testing.T) {
	dir := folder(t, map[string]string{
		"corpus.jsonl":   `{"_id": "d1", "title": "", "text": "x"}`,
		"queries.jsonl":  `{"_id": "q2", "text": "two"}` + "\r\n\n" + `{"_id": "q0", "text": "not judged"}` + "\n" + `{"_id": "q1", "text": "one"}`,
		"qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\td1\t2\r\nq1\td2\t0\nq2\td1\t1\n",
	})
	b, err := eval.ReadBEIR(dir, "test")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Queries) != 2 || b.Queries[0].ID != "q2" || b.Queries[1].Text != "one" || b.Queries[1].Judgements["d1"] != 2 {
		t.Errorf("got %+v", b)
	}
	j, err := eval.DecodeQrels(strings.NewReader("q1\td1\t2\nq1\td2\t1\n"))
	if err != nil || len(j["q1"]) != 2 {
		t.Errorf("without a heading: %v, %v", j, err)
	}
}

func TestReadBEIRErrors(t *testing.T) {
	good := map[string]string{
		"corpus.jsonl": "", "queries.jsonl": `{"_id": "q", "text": "x"}`, "qrels/test.tsv": "h\nq\td\t1\n",
	}
	for name, c := range map[string]struct{ file, content, want string }{
		"two columns":    {"qrels/test.tsv", "h\nq\td\n", "line 2"},
		"no number":      {"qrels/test.tsv", "h\nq\td\t1\n\nq\te\tx\n", "line 4"},
		"unknown query":  {"qrels/test.tsv", "h\nz\td\t1\n", "queries.jsonl"},
		"query not JSON": {"queries.jsonl", "{", "line 1"},
		"query no id":    {"queries.jsonl", `{"text": "x"}`, "_id"},
		"no judgements":  {"qrels/test.tsv", "h\n", "no judgements"},
		"only TREC's":    {"qrels/test.tsv", "q 0 d 1\n", "no judgements"},
	} {
		dir := folder(t, good)
		if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := eval.ReadBEIR(dir, "test"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := eval.ReadBEIR(t.TempDir(), "test"); err == nil {
		t.Error("an empty folder: no error")
	}
}

func FuzzDecodeQueries(f *testing.F) {
	f.Add(`{"_id": "1", "text": "x"}` + "\n\n" + `{"_id": 1}`)
	f.Add("\xff\n{}")
	f.Fuzz(func(t *testing.T, file string) {
		queries, err := eval.DecodeQueries(strings.NewReader(file))
		for _, q := range queries {
			if q.ID == "" && err == nil {
				t.Fatal("a query without an id")
			}
		}
	})
}

func FuzzDecodeQrels(f *testing.F) {
	f.Add("query-id\tcorpus-id\tscore\n1\t2\t1\r\n1\t3\t-1\n")
	f.Add("h\n\t\t\n")
	f.Fuzz(func(t *testing.T, file string) {
		qrels, err := eval.DecodeQrels(strings.NewReader(file))
		if err != nil {
			return
		}
		for id, j := range qrels {
			if n := eval.NDCG(j, []string{id}, 10); n < 0 || n > 1 {
				t.Fatalf("nDCG %v", n)
			}
		}
	})
}
