package albert

import (
	"os"
	"slices"
	"testing"

	"github.com/albert-search/albert-search/albert/ort/orttest"
	"github.com/albert-search/albert-search/albert/tokenize"
	onnxruntime "github.com/yalue/onnxruntime_go"
)

// TestUnsignedWeights compares the graph for x86 processors without VNNI with
// that for all others: the same integers, hence the same results. On such a
// processor the other graph overflows, and there is nothing to compare with; the
// parity tests say there that this one does not.
func TestUnsignedWeights(t *testing.T) {
	if needsUnsignedWeights() {
		t.Skip("signed weights overflow on this processor")
	}
	orttest.Runtime(t)
	for _, name := range []string{"shared", "groups", "classes"} {
		m, err := Load(os.DirFS("testdata/parity/" + name))
		if err != nil {
			t.Fatal(err)
		}
		seqs := []tokenize.Sequence{{IDs: []int32{2, 9, 30, 41, 12, 3}, Split: 4}}
		run := func(unsigned bool) []float32 {
			t.Helper()
			c, err := openCheckpoint(m.fsys, m.config)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			g, err := writeGraph(c, Hidden, graphOptions{precision: Int8, unsigned: unsigned})
			if err != nil {
				t.Fatal(err)
			}
			net, err := newNet(g, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer net.Destroy()
			out := make([]float32, 6*m.config.HiddenSize)
			shape := onnxruntime.NewShape(1, 6, int64(m.config.HiddenSize))
			if err := runNet(t.Context(), net, newBatch(seqs, []int{0}), out, shape); err != nil {
				t.Fatal(err)
			}
			return out
		}
		if !slices.Equal(run(true), run(false)) {
			t.Errorf("%s: unsigned weights give other results", name)
		}
	}
}
