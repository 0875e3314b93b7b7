package rerank_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/rerank"
)

func list(weight float64, scores ...float64) rerank.List {
	l := rerank.List{Weight: weight}
	for i, s := range scores {
		l.Hits = append(l.Hits, hit(i, s))
	}
	return l
}

// hit is the passage of the number, whose ID has another order than the place
// where it stands.
func hit(i int, score float64) document.Hit {
	return document.Hit{ID: document.PassageID(strconv.Itoa(99 - i)), Doc: fmt.Sprintf("doc%02d", i/2), Start: i % 2 * 100, Score: score}
}

// number is that of the passage.
func number(h document.Hit) uint32 {
	id, err := strconv.Atoi(string(h.ID))
	if err != nil {
		panic(err)
	}
	return uint32(99 - id)
}

func scores(t *testing.T, m rerank.Method, lists ...rerank.List) map[uint32]float64 {
	t.Helper()
	fused, err := rerank.Fuse(m, lists...)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[uint32]float64)
	for _, f := range fused {
		got[number(f.Hit)] = f.Score
	}
	return got
}

func TestFuseScores(t *testing.T) {
	keyword := list(1, 8, 4, 2) // ids 0, 1, 2
	vector := rerank.List{Weight: 3, Hits: []document.Hit{hit(2, .9), hit(7, .3)}}
	complete := keyword
	complete.Complete = true
	for _, c := range []struct {
		name   string
		method rerank.Method
		lists  []rerank.List
		want   map[uint32]float64
	}{
		{"rrf", rerank.RRF, []rerank.List{keyword, vector},
			map[uint32]float64{0: .25, 1: .25 * 61 / 62, 2: .25*61/63 + .75, 7: .75 * 61 / 62}},
		{"relative", rerank.RelativeScore, []rerank.List{keyword, vector},
			map[uint32]float64{0: .25, 1: .25 / 3, 2: .75, 7: 0}},
		{"relative to zero when complete", rerank.RelativeScore, []rerank.List{complete, vector},
			map[uint32]float64{0: .25, 1: .125, 2: .25/4 + .75, 7: 0}},
		{"weighted", rerank.WeightedSum, []rerank.List{keyword, vector},
			map[uint32]float64{0: .25, 1: .125, 2: .25/4 + .75, 7: .25}},
		{"all equal", rerank.RelativeScore, []rerank.List{list(1, 2, 2)},
			map[uint32]float64{0: 1, 1: 1}},
		{"one list empty", rerank.RelativeScore, []rerank.List{list(1), list(1, 5, 3)},
			map[uint32]float64{0: .5, 1: 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := scores(t, c.method, c.lists...)
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for id, want := range c.want {
				if math.Abs(got[id]-want) > 1e-12 {
					t.Errorf("passage %d: got %g, want %g", id, got[id], want)
				}
			}
		})
	}
}

func TestFuseTellsRanksAndScores(t *testing.T) {
	fused, err := rerank.Fuse(rerank.RRF, list(1, 8, 4), rerank.List{Weight: 1, Hits: []document.Hit{hit(1, .5)}})
	if err != nil {
		t.Fatal(err)
	}
	want := []rerank.Part{{Rank: 2, Score: 4}, {Rank: 1, Score: .5}}
	if number(fused[0].Hit) != 1 || !slices.Equal(fused[0].Parts, want) {
		t.Errorf("first is %+v, want passage 1 with parts %v", fused[0], want)
	}
	if got := fused[1].Parts[1]; got != (rerank.Part{}) {
		t.Errorf("a list that lacks the passage says %+v, want the zero Part", got)
	}
}

// Scores stay in 0..1 and the order is total, whatever comes in.
func TestFuseOrderAndBounds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		lists := make([]rerank.List, 1+rnd.IntN(3))
		for i := range lists {
			lists[i].Weight = rnd.Float64() + .1
			lists[i].Complete = rnd.IntN(2) == 0
			for _, id := range rnd.Perm(40)[:rnd.IntN(30)] {
				lists[i].Hits = append(lists[i].Hits, hit(id, float64(rnd.IntN(7)-2)))
			}
			slices.SortStableFunc(lists[i].Hits, func(a, b document.Hit) int { return int(b.Score - a.Score) })
		}
		for _, m := range rerank.Methods() {
			fused, err := rerank.Fuse(m, lists...)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range fused {
				if f.Score < 0 || f.Score > 1+1e-9 {
					t.Fatalf("%s: score %g of %+v is outside 0..1", m, f.Score, lists)
				}
				if i > 0 && (fused[i-1].Score < f.Score || fused[i-1].Score == f.Score && number(fused[i-1].Hit) >= number(f.Hit)) {
					t.Fatalf("%s: %+v stands before %+v", m, fused[i-1], f)
				}
			}
		}
	}
}

func TestSingleKeepsScoresAndRanks(t *testing.T) {
	got := rerank.Single(rerank.List{}, list(1, 8, 4))
	if len(got) != 2 || number(got[1].Hit) != 1 || got[1].Score != 4 ||
		!slices.Equal(got[1].Parts, []rerank.Part{{}, {Rank: 2, Score: 4}}) {
		t.Errorf("got %+v", got)
	}
}

func TestFuseRefuses(t *testing.T) {
	if _, err := rerank.Fuse("best", list(1, 1)); err == nil {
		t.Error("an unknown method is accepted")
	}
	if _, err := rerank.Fuse(rerank.RRF, list(0, 1)); err == nil {
		t.Error("weights without a positive sum are accepted")
	}
}

// What a list knows nothing of is ranked by the others, and not as if the list
// had found it wanting.
func TestFuseUnknown(t *testing.T) {
	keyword := list(1, 8, 6, 4, 2) // passages 0 to 3
	vector := rerank.List{Weight: 1, Hits: []document.Hit{hit(2, .9), hit(3, .1)}, Unknown: map[document.PassageID]bool{hit(1, 0).ID: true}}
	for _, m := range rerank.Methods() {
		got := scores(t, m, keyword, vector)
		alone := scores(t, m, keyword)
		if math.Abs(got[1]-alone[1]) > 1e-12 {
			t.Errorf("%s: an unknown passage has %g, by the list that knows it %g", m, got[1], alone[1])
		}
		if math.Abs(got[0]-alone[0]/2) > 1e-12 {
			t.Errorf("%s: one that was not found has %g, want half of %g", m, got[0], alone[0])
		}
		fused, err := rerank.Fuse(m, keyword, vector)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range fused {
			if want := number(f.Hit) == 1; f.Parts[1].Unknown != want || f.Parts[0].Unknown {
				t.Errorf("%s: %+v", m, f)
			}
		}
	}
	// A list of which all is unknown is as if it were not there.
	none := rerank.List{Weight: 5, Unknown: map[document.PassageID]bool{}}
	for _, h := range keyword.Hits {
		none.Unknown[h.ID] = true
	}
	for id, score := range scores(t, rerank.Default, keyword, none) {
		if want := scores(t, rerank.Default, keyword)[id]; math.Abs(score-want) > 1e-12 {
			t.Errorf("%d: %g, want %g", id, score, want)
		}
	}
}
