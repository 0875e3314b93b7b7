package albert_test

import (
	"testing"

	"github.com/albert-search/albert-search/albert"
)

// TestNamesOfPooledHeads keeps what the identity of an embedder is hashed from:
// with another name, no index would know its embedder any more.
func TestNamesOfPooledHeads(t *testing.T) {
	for head, want := range map[albert.Head]string{
		albert.Pooled: "pooled", albert.PooledFirst: "first piece", albert.PooledMax: "largest",
	} {
		if got := head.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
