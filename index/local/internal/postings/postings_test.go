package postings

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index/analysis"
)

// TestScoreBlocks scores lists that reach over several blocks.
func TestScoreBlocks(t *testing.T) {
	w := (&Search{reader: &Reader{scorers: new(sync.Pool)}}).newScorer(10)
	lists := []termList{
		{[]uint32{0, blockSize - 1, blockSize, 3 * blockSize}, []float64{1, 2, 3, 4}},
		{[]uint32{blockSize - 1, 2*blockSize - 1}, []float64{5, 6}},
	}
	passes := func(number Number) (bool, error) { return number != 100+blockSize, nil }
	for from := uint32(0); from <= 3*blockSize; from += blockSize {
		if err := w.score(scoreBlock{lists, 100, from}, []termUse{{term: 1}, {term: 0}}, []float64{1, 2}, passes); err != nil {
			t.Fatal(err)
		}
	}
	part := func(idf, freq float64) float64 { return idf * freq * (K1 + 1) / (freq + K1) }
	want := []Scored{
		{100 + blockSize - 1, part(2, 5) + part(1, 2)},
		{100 + 2*blockSize - 1, part(2, 6)},
		{100 + 3*blockSize, part(1, 4)},
		{100, part(1, 1)},
	}
	if got := w.best.sorted(); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

// TestRetryPause takes the folder of postings away and counts how often scorch
// tries to write there.
func TestRetryPause(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "postings")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := p.Apply(1, NewBatch()); err == nil {
		b := NewBatch()
		b.Put(1, new(analysis.Analyzer), [analysis.NumFields]string{})
		if err := p.Apply(2, b); err == nil {
			t.Fatal("nothing failed")
		}
	}
	time.Sleep(5 * retryPause)
	tries := p.scorch.StatsMap()["TotOnErrors"].(uint64)
	if took := time.Since(began); tries == 0 || tries > uint64(took/retryPause)+2 {
		t.Errorf("%d tries in %v", tries, took)
	}
}
