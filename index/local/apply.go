package local

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/document"
	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index"
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
	if len(b.Vectors)+len(b.Annotations) > 0 {
		return fmt.Errorf("%s: vectors and annotations of passages that are there: %w", w.dir, errors.ErrUnsupported)
	}
	if err := checkBatch(b, w.next.Settings.Dim); err != nil {
		return err
	}
	c, err := w.newChange(b)
	if err != nil {
		return err
	}
	if len(c.put)+len(c.gone)+len(c.touched) == 0 {
		return nil
	}
	if err := w.write(c); err != nil {
		return w.fail(err)
	}
	return nil
}

// checkBatch refuses what would not come back as it was put.
func checkBatch(b index.Batch, dim int) error {
	for i := range b.Put {
		d := &b.Put[i]
		switch {
		case d.ID == "":
			return errors.New("a document has no ID")
		case d.State > index.Skipped:
			return fmt.Errorf("document %s: unknown state %d", d.ID, d.State)
		case d.State != index.Indexed && len(d.Content) > 0:
			return fmt.Errorf("document %s has passages but was not indexed", d.ID)
		case d.Bytes < 0:
			return fmt.Errorf("document %s has %d bytes", d.ID, d.Bytes)
		}
		for j := range d.Content {
			if err := checkPassage(&d.Content[j], dim); err != nil {
				return fmt.Errorf("document %s, passage %d: %w", d.ID, j, err)
			}
		}
	}
	for i := range b.Touch {
		if d := &b.Touch[i]; d.Bytes < 0 {
			return fmt.Errorf("document %s has %d bytes", d.ID, d.Bytes)
		}
	}
	return nil
}

func checkPassage(p *index.Passage, dim int) error {
	if p.Start < 0 || p.End < p.Start || p.Place.Page < 0 || p.Place.Line < 0 || p.Place.Column < 0 {
		return fmt.Errorf("range %d to %d, page %d, line %d, column %d", p.Start, p.End, p.Place.Page, p.Place.Line, p.Place.Column)
	}
	return checkVector(p.Vector, dim)
}

// checkVector refuses a vector that cannot be compared with others.
func checkVector(v []float32, dim int) error {
	if v == nil && dim > 0 {
		return fmt.Errorf("a passage without a vector: %w", errors.ErrUnsupported)
	}
	if len(v) != dim {
		return fmt.Errorf("vector of length %d in an index of length %d", len(v), dim)
	}
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return errors.New("vector with a number that is not finite")
		}
	}
	return nil
}

// analysedBytes is how much text Bleve is given at once: of words of one letter it
// takes some hundred bytes of memory for each byte. Few batches have more text:
// those with a very long document.
const analysedBytes = 1 << 20

// change is a batch with its numbers.
type change struct {
	put  []segSource
	gone []*docRecord
	// touched has the new records of documents that were there, by number.
	touched map[uint32]*docRecord
	// postings are written one after the other, the last with the number of
	// the batch: Bleve's analysis takes some thirty times the memory of a text.
	postings []*bleve.Batch
	ends     []int // of their passages in fields, but for the last
	text     int   // bytes in the last of them
	// fields are the Bleve documents of put's passages, in order of rows;
	// when Bleve has analysed them they know how long their fields are, which
	// is then in lengths.
	fields  []*document.Document
	lengths [][numFields]fieldLength
	nextRow uint32
	nextDoc uint32
}

// newChange numbers a batch. Of several documents with one ID the last counts.
func (w *writer) newChange(b index.Batch) (*change, error) {
	c := &change{touched: make(map[uint32]*docRecord), postings: []*bleve.Batch{bleve.NewBatch()},
		nextRow: w.next.NextRow, nextDoc: w.next.NextDocument}
	last := make(map[string]int, len(b.Put))
	for i := range b.Put {
		last[b.Put[i].ID] = i
	}
	// changed has the documents that the batch removes or puts; nil is one that
	// is not there any more.
	changed := make(map[string]*docRecord)
	remove := func(id string) {
		if _, done := changed[id]; done {
			return
		}
		changed[id] = nil
		if d := w.byID[id]; d != nil {
			c.gone = append(c.gone, d)
			for i := range d.info.Passages {
				c.postings[0].Delete(rowKey(d.first + uint32(i)))
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
		if c.nextDoc >= maxRow || uint64(c.nextRow)+uint64(len(d.Content)) >= maxRow {
			return nil, fmt.Errorf("index %s has no numbers left; index again into an empty folder", w.dir)
		}
		src := w.number(c, d)
		changed[d.ID] = src.doc
		c.put = append(c.put, src)
	}
	for i := range b.Touch {
		if err := c.touch(&b.Touch[i], changed, w.byID); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// number gives a document and its passages their numbers and adds them to the
// postings.
func (w *writer) number(c *change, d *index.Document) segSource {
	rec := &docRecord{info: d.Info, number: c.nextDoc, first: c.nextRow}
	rec.info.Passages = len(d.Content)
	src := segSource{doc: rec}
	for i := range d.Content {
		p := &d.Content[i]
		match := p.Match
		if match == "" {
			match = p.Text
		}
		fields := passageDoc(c.nextRow, w.schema.analyzer(&d.Info, p), fieldValues(&d.Info, p, match))
		if c.text += len(match); c.text > analysedBytes {
			c.postings, c.ends, c.text = append(c.postings, bleve.NewBatch()), append(c.ends, len(c.fields)), len(match)
		}
		c.postings[len(c.postings)-1].Update(fields)
		c.fields = append(c.fields, fields)
		src.records = append(src.records, appendPassage(nil, p))
		if len(p.Vector) > 0 {
			src.vectors = append(src.vectors, p.Vector)
		}
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
		number, end := batch, len(c.fields)
		if i < len(c.ends) {
			number, end = w.next.Batch, c.ends[i] // the batch is not there yet
		}
		if err := w.postings.apply(number, b); err != nil {
			return err
		}
		c.analysed(end)
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
		next.touch(w.byID[d.info.ID], d)
	}
	segs, err := w.nextSegments(old.segs, c.put, &next)
	if err != nil {
		return err
	}
	if err := w.makeView(next, segs); err != nil {
		return err
	}
	if w.shadow != nil {
		w.shadow.follow(c, w.byID)
	}
	for _, d := range c.gone {
		delete(w.byID, d.info.ID)
	}
	for _, d := range c.touched {
		w.byID[d.info.ID] = d
	}
	for _, src := range c.put {
		// As a reader will see it, and sharing nothing with the caller.
		d, _, err := decodeDoc(appendDoc(nil, src.doc))
		if err != nil {
			return err
		}
		w.byID[d.info.ID] = d
	}
	w.next.Batch, w.next.NextRow, w.next.NextDocument = batch, c.nextRow, c.nextDoc
	w.dirty = true
	return nil
}

// nextSegments returns the segments after a change with a reference to each,
// and counts the new documents.
func (w *writer) nextSegments(old []*segment, put []segSource, next *contents) ([]*segment, error) {
	segs := slices.Clone(old)
	for _, seg := range segs {
		seg.retain()
	}
	if len(put) > 0 {
		seg, err := w.addSegment(put, w.next.Settings.Dim)
		if err != nil {
			return nil, errors.Join(err, releaseSegments(segs))
		}
		segs = append(segs, seg)
		for _, src := range put {
			next.add(src.doc)
		}
	}
	segs, err := w.compact(segs, next, w.next.Settings.Dim)
	if err != nil {
		return nil, errors.Join(err, releaseSegments(segs))
	}
	return segs, nil
}

// analysed notes how long the fields of the first n passages are, now that Bleve
// has analysed them, and lets go of what it made of them.
func (c *change) analysed(n int) {
	for at := len(c.lengths); at < n; at++ {
		var lengths [numFields]fieldLength
		for _, f := range c.fields[at].Fields {
			for i := range numFields {
				if f.Name() == i.String() {
					lengths[i].Passages++
					lengths[i].Tokens += uint64(f.AnalyzedLength())
				}
			}
		}
		c.lengths = append(c.lengths, lengths)
		c.fields[at] = nil
	}
}

// measure sums up the field lengths of each document.
func (c *change) measure() {
	at := 0
	for _, src := range c.put {
		for range src.records {
			for i, l := range c.lengths[at] {
				src.doc.lengths[i].Passages += l.Passages
				src.doc.lengths[i].Tokens += l.Tokens
			}
			at++
		}
	}
}

// addSegment writes a new segment with vectors of length dim into work and
// opens it.
func (w *writer) addSegment(docs []segSource, dim int) (*segment, error) {
	path := filepath.Join(w.work, segName(w.next.NextSegment))
	w.next.NextSegment++
	if err := writeSegment(path, dim, docs); err != nil {
		return nil, err
	}
	s, err := openSegment(path)
	if err != nil {
		return nil, err
	}
	if _, err := w.ensureCodes(context.Background(), []*segment{s}); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}
