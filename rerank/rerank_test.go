package rerank_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/rerank"
)

func order(r []rerank.Reranked) (ids []uint32) {
	for _, x := range r {
		ids = append(ids, x.ID)
	}
	return ids
}

func TestRerankInterpolates(t *testing.T) {
	fused := []rerank.Candidate{{ID: 1, Score: .9}, {ID: 2, Score: .8}, {ID: 3, Score: .7}, {ID: 4, Score: .6}, {ID: 5, Score: .6}}
	relevance := []float64{-2, 0, 2}
	for _, c := range []struct {
		weight float64
		want   []uint32
	}{
		{0, []uint32{1, 2, 3, 4, 5}},
		{1, []uint32{3, 2, 1, 4, 5}},
		{.1, []uint32{1, 2, 3, 4, 5}},
		{.5, []uint32{3, 2, 1, 4, 5}},
	} {
		got := rerank.Calibration{Weight: c.weight, Slope: 1}.Rerank(fused, relevance)
		if !slices.Equal(order(got), c.want) {
			t.Errorf("weight %v: order %v, want %v", c.weight, order(got), c.want)
		}
		for _, r := range got {
			if f := fused[r.From]; f.ID != r.ID {
				t.Errorf("weight %v: %d is said to come from %d", c.weight, r.ID, f.ID)
			}
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
		fused := make([]rerank.Candidate, random.IntN(30))
		for i := range fused {
			fused[i] = rerank.Candidate{ID: uint32(i), Score: random.Float64()}
		}
		slices.SortFunc(fused, func(a, b rerank.Candidate) int { return int(math.Copysign(1, b.Score-a.Score)) })
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
