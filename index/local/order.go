package local

import (
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// docOrder is the order of a segment's documents by ID. It is found when it is
// first wanted and then stays with the segment from view to view, so that after a
// change only what was written is sorted.
type docOrder struct {
	mu   sync.Mutex
	byID []uint32 // nil before it is wanted
}

// docsByID returns the documents, deleted ones included, in ascending order of ID.
// It reads a mapped file.
func (s *segReader) docsByID() []uint32 {
	s.order.mu.Lock()
	defer s.order.mu.Unlock() // after a fault too: the next call tries again
	if s.order.byID != nil {
		return s.order.byID
	}
	ids := make([]string, s.Docs())
	byID := make([]uint32, s.Docs())
	for i := range ids {
		ids[i], byID[i] = s.DocID(i), uint32(i)
	}
	slices.SortFunc(byID, func(a, b uint32) int { return strings.Compare(ids[a], ids[b]) })
	s.order.byID = byID
	return byID
}

// fromID returns the documents from the first one whose ID is not less than id.
func (s *segReader) fromID(id string) []uint32 {
	docs := s.docsByID()
	first, _ := slices.BinarySearchFunc(docs, id, func(i uint32, id string) int { return strings.Compare(s.DocID(int(i)), id) })
	return docs[first:]
}

// document returns where the document of an ID is.
func (v *view) document(id string) (ref docRef, ok bool, err error) {
	defer catchFault(&err)()
	for _, s := range slices.Backward(v.segs) {
		for _, i := range s.fromID(id) {
			if s.DocID(int(i)) != id {
				break
			}
			if ref := (docRef{s, int(i)}); !v.isDeleted(ref) {
				return ref, true, nil
			}
		}
	}
	return ref, false, nil
}

// isDeleted reports whether the document was deleted or replaced.
func (v *view) isDeleted(r docRef) bool { return v.deleted.Contains(uint32(r.seg.Number(r.i))) }

// merge has the documents of segments that are still to come in order of ID: the
// segments' own orders, that with the least ID first.
type merge struct {
	view  *view
	heads []mergeHead
}

type mergeHead struct {
	seg  *segReader
	docs []uint32 // not empty
	id   string   // of the first
}

// documentsFrom iterates over the documents whose IDs are not less than id, in
// ascending order of ID.
func (v *view) documentsFrom(id string) iter.Seq2[*segment.Doc, error] {
	return func(yield func(*segment.Doc, error) bool) {
		m := merge{view: v}
		for err := m.start(id); ; {
			var d *segment.Doc
			if err == nil {
				d, err = m.next()
			}
			if d == nil && err == nil || !yield(d, err) || err != nil {
				return
			}
		}
	}
}

func (m *merge) start(id string) (err error) {
	defer catchFault(&err)()
	for _, s := range m.view.segs {
		if docs := s.fromID(id); len(docs) > 0 {
			m.heads = append(m.heads, mergeHead{s, docs, s.DocID(int(docs[0]))})
		}
	}
	slices.SortFunc(m.heads, func(a, b mergeHead) int { return strings.Compare(a.id, b.id) })
	return nil
}

// next returns the next document that is not deleted, nil after the last.
func (m *merge) next() (d *segment.Doc, err error) {
	defer catchFault(&err)()
	for len(m.heads) > 0 {
		ref := docRef{m.heads[0].seg, int(m.heads[0].docs[0])}
		m.advance()
		if !m.view.isDeleted(ref) {
			return m.view.doc(ref)
		}
	}
	return nil, nil
}

// advance takes the first document away. Mostly the next one is of the same
// segment, or of one of the few that begin next.
func (m *merge) advance() {
	h := m.heads[0]
	if h.docs = h.docs[1:]; len(h.docs) == 0 {
		m.heads = m.heads[1:]
		return
	}
	h.id = h.seg.DocID(int(h.docs[0]))
	i := 1
	for ; i < len(m.heads) && m.heads[i].id < h.id; i++ {
		m.heads[i-1] = m.heads[i]
	}
	m.heads[i-1] = h
}
