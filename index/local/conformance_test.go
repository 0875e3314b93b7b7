package local

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/indextest"
)

func TestConformance(t *testing.T) {
	indextest.Run(t, func(t *testing.T) indextest.Opener {
		dir := filepath.Join(t.TempDir(), "index")
		return indextest.Opener{
			Create: func(ctx context.Context, s index.Settings) (index.Store, error) {
				st, err := Create(ctx, dir, Options{Settings: s})
				if err != nil {
					return nil, err
				}
				return st, nil
			},
			Open: func(ctx context.Context) (index.Store, error) {
				st, err := Open(ctx, dir)
				if err != nil {
					return nil, err
				}
				return st, nil
			},
		}
	})
}
