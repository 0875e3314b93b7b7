package local

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// filterRows returns the live rows of the documents that pass the filter, or
// nil when all pass.
func (v *view) filterRows(ctx context.Context, f index.Filter) (*roaring.Bitmap, error) {
	if f.IsZero() {
		return nil, nil
	}
	passes, err := f.Matcher()
	if err != nil {
		return nil, err
	}
	rows := roaring.New()
	n := 0
	var scratch segment.Doc
	for r := range v.docsFrom(0) {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if r.seg.Passages(r.i) == 0 {
			continue
		}
		d, err := v.peek(r, &scratch)
		if err != nil {
			return nil, err
		}
		if passes(&d.Info) {
			rows.AddRange(uint64(d.First), uint64(d.First)+uint64(d.Info.Passages))
		}
	}
	return rows, nil
}
