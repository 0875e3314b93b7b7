package local

import (
	"context"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// filterRows returns the live rows of the passages that pass the filter, or nil
// when all pass.
func (v *view) filterRows(ctx context.Context, f index.Filter) (*roaring.Bitmap, error) {
	if f.IsZero() {
		return nil, nil
	}
	passes, err := f.Matcher()
	if err != nil {
		return nil, err
	}
	passesPassage := f.PassageMatcher()
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
		if !passes(&d.Info) {
			continue
		}
		if passesPassage == nil {
			rows.AddRange(uint64(d.First), uint64(d.First)+uint64(d.Info.Passages))
			continue
		}
		for i := range d.Info.Passages {
			if ok, err := passagePasses(r, i, passesPassage); err != nil {
				return nil, err
			} else if ok {
				rows.Add(uint32(d.First) + uint32(i))
			}
		}
	}
	return rows, nil
}

// passagePasses reports whether a passage of a document passes a filter, which
// needs the passage to be read.
func passagePasses(r docRef, i int, passes func(*index.Passage) bool) (ok bool, err error) {
	defer catchFault(&err)()
	p, err := r.seg.passage(r.position() + segment.Position(i))
	return err == nil && passes(&p), err
}

// anyPasses reports whether one of the passages of a document passes a filter.
func anyPasses(r docRef, n int, passes func(*index.Passage) bool) (bool, error) {
	for i := range n {
		if ok, err := passagePasses(r, i, passes); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
