package albert

import (
	"os"
	"testing"
)

// TestTiedMatricesAreInTheGraphOnce compares the size of the graph with that of
// the tensors of which no two are the same.
func TestTiedMatricesAreInTheGraphOnce(t *testing.T) {
	m, err := Load(os.DirFS("testdata/parity/reader"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := openCheckpoint(m.fsys, m.config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	distinct, all := 0, 0
	seen := make(map[string]bool)
	for _, info := range c.st.Tensors() {
		b, err := c.st.Bytes(info)
		if err != nil {
			t.Fatal(err)
		}
		all += len(b)
		if !seen[string(b)] {
			seen[string(b)] = true
			distinct += len(b)
		}
	}
	// What is not weights: nodes and names.
	const structure = 50 << 10
	if all < distinct+2*structure {
		t.Fatalf("%d of %d bytes are distinct: the checkpoint does not tell", distinct, all)
	}
	g, err := writeGraph(c, SpanRelevance, graphOptions{precision: Float32})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.model) > distinct+structure {
		t.Errorf("the graph has %d bytes, the distinct weights %d", len(g.model), distinct)
	}
	if g, err = writeGraph(c, SpanRelevance, graphOptions{precision: Int8}); err != nil {
		t.Fatal(err)
	}
	if len(g.model) > distinct/2+structure {
		t.Errorf("in int8 the graph has %d bytes, the distinct weights %d in fp32", len(g.model), distinct)
	}
}
