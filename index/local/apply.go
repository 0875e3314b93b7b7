package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Apply carries out a batch. Its documents are in memory until they are
// written: a few megabytes of text a batch are a good size. It waits for the
// disk, not for ctx, once it has begun to write.
//
// After an error of writing, a full disk for example, the writer takes no more
// batches; everything that was published stays.
func (w *writer) Apply(ctx context.Context, b index.Batch) error {
	return w.watched(func() error { return w.apply(ctx, b) })
}

func (w *writer) apply(ctx context.Context, b index.Batch) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(ctx); err != nil {
		return err
	}
	if err := b.Validate(w.next.Settings.Dim); err != nil {
		return err
	}
	c, err := w.newChange(b)
	if err != nil {
		return err
	}
	if len(c.put)+len(c.gone)+len(c.touched)+len(c.later.vectors)+len(c.later.annotations) == 0 {
		return nil
	}
	if err := w.write(c); err != nil {
		return w.fail(err)
	}
	return nil
}

// analysedBytes is how much text Bleve is given at once: of words of one letter it
// takes some hundred bytes of memory for each byte. Few batches have more text:
// those with a very long document.
const analysedBytes = 1 << 20

// change is a batch with its numbers.
type change struct {
	put  []segment.Source
	gone []*segment.Doc
	// touched has the new records of documents that were there, by number.
	touched map[segment.DocNumber]*segment.Doc
	// postings are written one after the other, the last with the number of
	// the batch: Bleve's analysis takes some thirty times the memory of a text.
	postings []*postings.Batch
	text     int // bytes in the last of them
	// lengths are those of the fields of put's passages, in order of rows, once
	// they are analysed.
	lengths []postings.Lengths
	nextRow segment.Row
	nextDoc segment.DocNumber
	// later is what follows for passages that were there.
	later addition
}

// newChange numbers a batch. Of several documents with one ID the last counts.
func (w *writer) newChange(b index.Batch) (*change, error) {
	c := &change{touched: make(map[segment.DocNumber]*segment.Doc), postings: []*postings.Batch{postings.NewBatch()},
		nextRow: w.next.NextRow, nextDoc: w.next.NextDocument}
	last := make(map[string]int, len(b.Put))
	for i := range b.Put {
		last[b.Put[i].ID] = i
	}
	// changed has the documents that the batch removes or puts; nil is one that
	// is not there any more.
	changed := make(map[string]*segment.Doc)
	remove := func(id string) {
		if _, done := changed[id]; done {
			return
		}
		changed[id] = nil
		if d := w.byID[id]; d != nil {
			c.gone = append(c.gone, d)
			for i := range d.Info.Passages {
				c.postings[0].Delete(d.First + segment.Row(i))
			}
		}
	}
	for _, id := range b.Delete {
		remove(id)
	}
	for i := range b.Put {
		d := &b.Put[i]
		if last[d.ID] != i {
			continue
		}
		remove(d.ID)
		if c.nextDoc >= segment.MaxNumber || uint64(c.nextRow)+uint64(len(d.Content)) >= segment.MaxNumber {
			return nil, fmt.Errorf("index %s has no numbers left; index again into an empty folder", w.dir)
		}
		src := w.number(c, d)
		changed[d.ID] = src.Doc
		c.put = append(c.put, src)
	}
	for i := range b.Touch {
		if err := c.touch(&b.Touch[i], changed, w.byID); err != nil {
			return nil, err
		}
	}
	v, err := w.acquire()
	if err != nil {
		return nil, err
	}
	defer v.release()
	// there returns the row of a passage that is there before the batch and after.
	there := func(id index.PassageID) (segment.Row, bool) {
		row, ok := parseID(id)
		return row, ok && v.live.Contains(uint32(row)) && !slices.ContainsFunc(c.gone, func(d *segment.Doc) bool {
			return row >= d.First && row-d.First < segment.Row(d.Info.Passages)
		})
	}
	c.later = addition{vectors: make(map[segment.Row][]float32), annotations: make(map[segment.Row]segment.Annotated)}
	for _, e := range b.Vectors {
		if row, ok := there(e.ID); ok {
			c.later.vectors[row] = e.Vector
		}
	}
	for _, a := range b.Annotations {
		if row, ok := there(a.ID); ok {
			c.later.annotations[row] = c.later.annotations[row].Then(segment.Annotated{Kinds: a.Kinds, Annotations: a.Annotations})
		}
	}
	return c, nil
}

// number gives a document and its passages their numbers and adds them to the
// postings.
func (w *writer) number(c *change, d *index.Document) segment.Source {
	rec := &segment.Doc{Info: d.Info, Number: c.nextDoc, First: c.nextRow}
	rec.Info.Passages = len(d.Content)
	src := segment.Source{Doc: rec}
	for i := range d.Content {
		p := &d.Content[i]
		match := p.Match
		if match == "" {
			match = p.Text
		}
		if c.text += len(match); c.text > analysedBytes {
			c.postings, c.text = append(c.postings, postings.NewBatch()), len(match)
		}
		if l := p.Language; l != "" && l != d.Language && !slices.Contains(rec.Languages, l) {
			rec.Languages = append(rec.Languages, l)
		}
		c.postings[len(c.postings)-1].Put(c.nextRow, w.schema.analyzer(&d.Info, p), fieldValues(&d.Info, p, match))
		src.Records = append(src.Records, segment.AppendPassage(nil, p))
		src.Vectors = append(src.Vectors, p.Vector)
		c.nextRow++
	}
	c.nextDoc++
	return src
}

// fieldValues are the texts of the fields of a passage, match that of its text.
func fieldValues(d *index.Info, p *index.Passage, match string) [numFields]string {
	return [numFields]string{fieldTitle: d.Title, fieldHeading: strings.Join(p.Heading, "\n"), fieldText: match, fieldPath: d.Path}
}

// write carries out a change: postings, segment, then the view that searches
// see. Until the next publication nothing of it is in a generation.
func (w *writer) write(c *change) (err error) {
	defer catchFault(&err)()
	batch := w.next.Batch + 1
	for i, b := range c.postings {
		number := batch
		if i < len(c.postings)-1 {
			number = w.next.Batch // the batch is not there yet
		}
		if err := w.postings.Apply(number, b); err != nil {
			return err
		}
		c.lengths = append(c.lengths, b.Lengths()...)
		c.postings[i] = nil
	}
	c.measure()

	w.seen.Lock()
	old := w.view
	w.seen.Unlock()
	if old == nil {
		return errClosed
	}
	// Only a writer replaces the view, and Close waits for it.
	next := old.contents.clone()
	for _, d := range c.gone {
		next.remove(d)
	}
	for _, d := range c.touched {
		next.touch(w.byID[d.Info.ID], d)
	}
	segs, err := w.nextSegments(old.segs, c, &next)
	if err != nil {
		return err
	}
	if err := w.makeView(next, segs); err != nil {
		return err
	}
	if w.shadow != nil {
		if err := w.follow(c); err != nil {
			return err
		}
	}
	for _, d := range c.gone {
		delete(w.byID, d.Info.ID)
	}
	for _, d := range c.touched {
		w.byID[d.Info.ID] = d
	}
	for _, src := range c.put {
		// As a reader will see it, and sharing nothing with the caller.
		d, _, err := segment.DecodeDoc(segment.AppendDoc(nil, src.Doc))
		if err != nil {
			return err
		}
		w.byID[d.Info.ID] = d
	}
	w.next.Batch, w.next.NextRow, w.next.NextDocument = batch, c.nextRow, c.nextDoc
	w.dirty = true
	return nil
}

// nextSegments returns the segments after a change with a reference to each,
// and counts the new documents.
func (w *writer) nextSegments(old []*segReader, c *change, next *contents) ([]*segReader, error) {
	segs := slices.Clone(old)
	for _, seg := range segs {
		seg.retain()
	}
	segs, err := w.add(segs, c.later, w.next.Settings.Dim)
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	if len(c.put) > 0 {
		seg, err := w.addSegment(c.put, w.next.Settings.Dim)
		if err != nil {
			return nil, errors.Join(err, releaseSegments(segs))
		}
		segs = append(segs, seg)
		for _, src := range c.put {
			next.add(src.Doc)
		}
	}
	segs, err = w.compact(segs, next, w.next.Settings.Dim)
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	return segs, nil
}

// measure sums up the field lengths of each document.
func (c *change) measure() {
	at := 0
	for _, src := range c.put {
		for range src.Records {
			for i, l := range c.lengths[at] {
				src.Doc.Lengths[i].Passages += l.Passages
				src.Doc.Lengths[i].Tokens += l.Tokens
			}
			at++
		}
	}
}

// addSegment writes a new segment with vectors of length dim, as far as there are
// some, into work and opens it.
func (w *writer) addSegment(docs []segment.Source, dim int) (*segReader, error) {
	path := w.newFile(segPrefix)
	if err := segment.Write(path, docs); err != nil {
		return nil, err
	}
	s, err := openSegReader(w.work, segmentManifest{Name: filepath.Base(path)})
	if err != nil {
		return nil, err
	}
	var vecs [][]float32 // by position
	some := false
	for _, d := range docs {
		for i := range d.Records {
			var v []float32
			if len(d.Vectors) > 0 && len(d.Vectors[i]) > 0 {
				v, some = d.Vectors[i], true
			}
			vecs = append(vecs, v)
		}
	}
	if !some {
		return s, nil
	}
	// The vectors that a segment begins with have its number.
	v, err := w.writeVectors(filepath.Join(w.work, vecPrefix+strings.TrimPrefix(s.Name, segPrefix)), s, dim, func(pos segment.Position) []float32 { return vecs[pos] })
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	n := s.with([]*vectors{v}, nil)
	return n, errors.Join(v.release(), s.release())
}
