package rerank_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/rerank"
)

func order(r []rerank.Reranked) (from []int) {
	for _, x := range r {
		from = append(from, x.From)
	}
	return from
}

func TestRerankInterpolates(t *testing.T) {
	fused := []float64{.9, .8, .7, .6, .6}
	relevance := []float64{-2, 0, 2}
	for _, c := range []struct {
		weight float64
		want   []int
	}{
		{0, []int{0, 1, 2, 3, 4}},
		{1, []int{2, 1, 0, 3, 4}},
		{.1, []int{0, 1, 2, 3, 4}},
		{.5, []int{2, 1, 0, 3, 4}},
	} {
		got := rerank.Calibration{Weight: c.weight, Slope: 1}.Rerank(fused, relevance)
		if !slices.Equal(order(got), c.want) {
			t.Errorf("weight %v: order %v, want %v", c.weight, order(got), c.want)
		}
		for _, r := range got {
			if r.Read != (r.From < len(relevance)) || r.Read && r.Relevance != relevance[r.From] {
				t.Errorf("weight %v: %+v", c.weight, r)
			}
		}
	}
	got := rerank.Calibration{Weight: .25, Slope: 2, Shift: 1}.Rerank(fused[:1], []float64{-.5})
	if want := .75*.9 + .25*.5; math.Abs(got[0].Score-want) > 1e-12 {
		t.Errorf("score %v, want %v", got[0].Score, want)
	}
}

// TestScoresFallOverTheWholeList also where it changes from what was read to
// what was not.
func TestScoresFallOverTheWholeList(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		fused := make([]float64, random.IntN(30))
		for i := range fused {
			fused[i] = random.Float64()
		}
		slices.SortFunc(fused, func(a, b float64) int { return cmp.Compare(b, a) })
		relevance := make([]float64, random.IntN(40))
		for i := range relevance {
			relevance[i] = 5 * random.NormFloat64()
			if random.IntN(5) == 0 {
				relevance[i] = math.Inf(-1)
			}
		}
		got := rerank.Calibration{Weight: random.Float64(), Slope: .1 + random.Float64()}.Rerank(fused, relevance[:min(len(relevance), len(fused))])
		if len(got) != len(fused) {
			t.Fatalf("%d of %d candidates", len(got), len(fused))
		}
		for i := 1; i < len(got); i++ {
			if !(got[i].Score <= got[i-1].Score) || got[i].Score < 0 || got[0].Score > 1 {
				t.Fatalf("scores %v, then %v", got[i-1].Score, got[i].Score)
			}
		}
	}
}

func TestCalibration(t *testing.T) {
	c := rerank.BuiltinCalibration()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := rerank.ParseCalibration(data)
	if err != nil || back.Weight != c.Weight || back.Slope != c.Slope || back.Provenance.Reader != c.Provenance.Reader {
		t.Errorf("%s is read as %+v (%v)", data, back, err)
	}
	for _, bad := range []string{
		``, `{}`, `{"version":2,"weight":0.5,"slope":1}`, `{"version":1,"weight":1.5,"slope":1}`,
		`{"version":1,"weight":0.5,"slope":0}`, `{"version":1,"weight":0.5,"slope":-1}`, `{"version":1,"weight":"x","slope":1}`,
	} {
		if _, err := rerank.ParseCalibration([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func FuzzParseCalibration(f *testing.F) {
	f.Add([]byte(`{"version":1,"weight":0.5,"slope":1,"shift":-2,"provenance":{"reader":"x","data":["y"]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := rerank.ParseCalibration(b)
		if err != nil {
			return
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := rerank.ParseCalibration(data)
		if err != nil || again.Weight != c.Weight || again.Slope != c.Slope || again.Shift != c.Shift {
			t.Errorf("%s is written as %s and read as %+v (%v)", b, data, again, err)
		}
		for _, fused := range []float64{0, .3, 1} {
			for _, relevance := range []float64{math.Inf(-1), -1e9, 0, 1e9} {
				if s := c.Score(fused, relevance); !(s >= 0 && s <= 1) {
					t.Errorf("%s: score %v of %v and %v", b, s, fused, relevance)
				}
			}
		}
	})
}
