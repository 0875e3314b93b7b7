package local

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// textOrder is the order of a segment's passages by a hash of what the embedder
// reads of them. It is found when it is first wanted and then stays with the
// segment from view to view, so that after a change only what was written is read.
type textOrder struct {
	mu   sync.Mutex
	seed maphash.Seed // nobody can make texts that collide
	// sorted has a hash in the upper half and the position in the lower one, in
	// ascending order; nil before it is wanted.
	sorted []uint64
}

// hash is a hash of a text under a title, in the upper half.
func (o *textOrder) hash(title uint64, text string) uint64 {
	return (maphash.String(o.seed, text) ^ title*0x9e3779b97f4a7c15) &^ (1<<32 - 1)
}

func (o *textOrder) title(title string) uint64 { return maphash.String(o.seed, title) }

// passagesByText returns the order of the passages, deleted ones included; those
// that cannot be read are left out. It reads a mapped file.
func (s *segReader) passagesByText(ctx context.Context) (*textOrder, error) {
	o := s.texts
	o.mu.Lock()
	defer o.mu.Unlock() // after a fault too: the next call tries again
	if o.sorted != nil {
		return o, nil
	}
	o.seed = maphash.MakeSeed()
	sorted := make([]uint64, 0, len(s.Rows()))
	var d segment.Doc
	for i := range s.Docs() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.Peek(i, &d); err != nil {
			continue
		}
		title := o.title(d.Info.Title)
		for pos := s.At(i); pos < s.At(i)+segment.Position(s.Passages(i)); pos++ {
			if text, err := s.Text(pos); err == nil {
				sorted = append(sorted, o.hash(title, text)|uint64(pos))
			}
		}
	}
	slices.Sort(sorted)
	o.sorted = sorted
	return o, nil
}

// VectorsOf returns the vectors of passages that have the titles and the texts.
func (s *snapshot) VectorsOf(ctx context.Context, texts []index.Titled) (vectors [][]float32, err error) {
	v, err := s.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	defer catchFault(&err)()
	vectors = make([][]float32, len(texts))
	if v.schema.settings.Dim == 0 {
		return vectors, ctx.Err()
	}
	for _, seg := range v.segs {
		if len(seg.vecs) == 0 {
			continue
		}
		order, err := seg.passagesByText(ctx)
		if err != nil {
			return nil, err
		}
		for i := range texts {
			if vectors[i] == nil {
				vectors[i] = slices.Clone(v.vectorOf(seg, order, &texts[i]))
			}
		}
	}
	return vectors, ctx.Err()
}

// vectorOf returns the vector of a live passage of a segment that has the title
// and the text, nil if there is none.
func (v *view) vectorOf(seg *segReader, order *textOrder, t *index.Titled) []float32 {
	hash := order.hash(order.title(t.Title), t.Text)
	first, _ := slices.BinarySearch(order.sorted, hash)
	for _, x := range order.sorted[first:] {
		pos := segment.Position(uint32(x))
		switch {
		case x&^(1<<32-1) != hash:
			return nil
		case !v.live.Contains(uint32(seg.Rows()[pos])):
			continue
		}
		if text, err := seg.Text(pos); err != nil || text != t.Text {
			continue
		}
		var d segment.Doc
		if err := seg.Peek(seg.DocOf(seg.Rows()[pos]), &d); err != nil || d.Info.Title != t.Title {
			continue
		}
		if vector := seg.vector(pos); vector != nil {
			return vector
		}
	}
	return nil
}
