package memory_test

import (
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/indextest"
	"github.com/albert-search/albert-search/index/memory"
)

func TestConformance(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Opener {
		b := memory.New()
		return func() index.Backend { return b }
	})
}
