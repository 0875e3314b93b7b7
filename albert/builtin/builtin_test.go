package builtin_test

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/builtin"
	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
)

// texts are of many lengths, so that batches differ.
var texts = []string{
	"albert",
	"gear ratio",
	"who approved the budget?",
	"The bridge was closed for repairs until the end of March.",
	"A bicycle's gear ratio is the number of turns of the wheel for one turn of the cranks.",
	"Two sentences make a text. They are read in one window.",
	strings.Repeat("The committee met on Tuesday and approved the budget for the new library. ", 8),
	strings.Repeat("Rain fell over the hills, and the river rose by two metres in one night. ", 12),
	"The bridge was closed for repairs until the end of April.",
}

func sequences(tok tokenize.Tokenizer, window int) []tokenize.Sequence {
	special := tok.Special()
	var seqs []tokenize.Sequence
	for _, text := range texts {
		ids := []int32{special.CLS}
		for _, t := range tok.Append(nil, text) {
			ids = append(ids, t.ID)
		}
		ids = append(ids[:min(len(ids), window-1)], special.SEP)
		seqs = append(seqs, tokenize.Sequence{IDs: ids, Split: len(ids)})
	}
	return seqs
}

// TestAloneOrInABatch makes sure that a text's vector is the same whatever
// else is in its batch, however the batches are made.
func TestAloneOrInABatch(t *testing.T) {
	rt := orttest.Runtime(t)
	model, err := albert.Load(builtin.Embedder())
	if err != nil {
		t.Fatal(err)
	}
	seqs := sequences(model.Tokenizer(), builtin.EmbedderWindow)
	// The same texts again, and with other texts of the same length beside
	// them.
	var crowd []tokenize.Sequence
	for _, q := range seqs {
		for shift := range 5 {
			ids := append([]int32(nil), q.IDs...)
			for j := 1; j < len(ids)-1; j++ {
				ids[j] += int32(shift * j % 7)
			}
			crowd = append(crowd, tokenize.Sequence{IDs: ids, Split: len(ids)})
		}
	}
	pool := func(o albert.SessionOptions, seqs []tokenize.Sequence) [][]float32 {
		t.Helper()
		s, err := model.Open(rt, albert.Pooled, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		v, err := s.Pool(t.Context(), seqs)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	var alone [][]float32
	for i := range seqs {
		alone = append(alone, pool(albert.SessionOptions{Precision: albert.Int8}, seqs[i:i+1])[0])
	}
	for _, o := range []albert.SessionOptions{
		{Precision: albert.Int8, Threads: 1, Parallel: 1, BatchTokens: 4096},
		{Precision: albert.Int8, Threads: 2, Parallel: 1, BatchTokens: 300},
		{Precision: albert.Int8, Threads: 1, Parallel: 3, BatchTokens: 64},
	} {
		together := pool(o, crowd)
		worst := 0.0
		for i := range seqs {
			d := distance(together[i*5], alone[i])
			worst = max(worst, d)
			if !(d <= 1e-5) {
				t.Errorf("%+v: %q alone and in a batch differ by %g", o, texts[i], d)
			}
		}
		t.Logf("%+v: alone and in a batch differ by at most %g", o, worst)
	}
}

// distance is the largest difference of two unit vectors in the directions of
// a and b.
func distance(a, b []float32) float64 {
	na, nb := norm(a), norm(b)
	var worst float64
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i])/na-float64(b[i])/nb))
	}
	return worst
}

func norm(v []float32) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}

func TestEmbedderID(t *testing.T) {
	model, err := albert.Load(builtin.Embedder())
	if err != nil {
		t.Fatal(err)
	}
	if id, dim := model.ID(), model.Config().HiddenSize; id != builtin.EmbedderID || dim != builtin.EmbedderDim {
		t.Errorf("EmbedderID and EmbedderDim are %q and %d, the model's are %q and %d", builtin.EmbedderID, builtin.EmbedderDim, id, dim)
	}
}

func TestEmbedderKnowsMeaning(t *testing.T) {
	rt := orttest.Runtime(t)
	model, err := albert.Load(builtin.Embedder())
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.Open(rt, albert.Pooled, albert.SessionOptions{Precision: albert.Int8})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	v, err := s.Pool(t.Context(), sequences(model.Tokenizer(), builtin.EmbedderWindow))
	if err != nil {
		t.Fatal(err)
	}
	nearest := func(i int) (best int) {
		least := math.Inf(1)
		for j := range v {
			if d := 1 - dot(v[i], v[j])/norm(v[i])/norm(v[j]); j != i && d < least {
				best, least = j, d
			}
		}
		return best
	}
	for question, want := range map[int]int{1: 4, 2: 6, 3: 8} {
		if got := nearest(question); got != want {
			t.Errorf("nearest to %q is %q, want %q", texts[question], texts[got], texts[want])
		}
	}
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestReaderFindsAnswers(t *testing.T) {
	rt := orttest.Runtime(t)
	model, err := albert.Load(builtin.Reader())
	if err != nil {
		t.Fatal(err)
	}
	s, err := model.Open(rt, albert.Span, albert.SessionOptions{Precision: albert.Int8})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const question = "How long was the bridge closed?"
	const passage = "The old bridge over the river was closed for three weeks while the town repaired its railing."
	tok := model.Tokenizer()
	special := tok.Special()
	ids := []int32{special.CLS}
	for _, p := range tok.Append(nil, question) {
		ids = append(ids, p.ID)
	}
	ids = append(ids, special.SEP)
	split := len(ids)
	tokens := tok.Append(nil, passage)
	for _, p := range tokens {
		ids = append(ids, p.ID)
	}
	ids = append(ids, special.SEP)
	start, end, err := s.Spans(t.Context(), []tokenize.Sequence{{IDs: ids, Split: split}})
	if err != nil {
		t.Fatal(err)
	}
	from, to, best := 0, 0, math.Inf(-1)
	for i := range tokens {
		for j := i; j < len(tokens); j++ {
			if v := float64(start[0][split+i] + end[0][split+j]); v > best {
				from, to, best = i, j, v
			}
		}
	}
	if got := passage[tokens[from].Start:tokens[to].End]; !strings.Contains(got, "three weeks") {
		t.Errorf("the answer is %q", got)
	}
	if null := float64(start[0][0] + end[0][0]); null >= best {
		t.Errorf("no answer scores %g, the answer %g", null, best)
	}
}

func TestFilesAreAFileSystem(t *testing.T) {
	for name, fsys := range map[string]fs.FS{"embedder": builtin.Embedder(), "reader": builtin.Reader()} {
		for _, file := range []string{"config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json"} {
			info, err := fs.Stat(fsys, file)
			if err != nil || info.Size() == 0 {
				t.Errorf("%s: %s: %v", name, file, err)
			}
		}
		if _, err := fsys.Open("../tokenizer/vocab.txt"); err == nil {
			t.Errorf("%s: opened a path that leaves the folder", name)
		}
	}
}

// mostBytes is what all that is embedded may have, in the whole program.
const mostBytes = 20_000_000

func TestModelsAreSmall(t *testing.T) {
	var total int64
	err := fs.WalkDir(os.DirFS("models"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".md" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes", total)
	if total > mostBytes {
		t.Errorf("the models have %d bytes, more than %d", total, mostBytes)
	}
}
