package postings

import (
	"fmt"
	"strconv"

	"github.com/blevesearch/bleve/v2/document"
	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Lengths are those of the fields of a passage, or of several.
type Lengths = [analysis.NumFields]segment.FieldLength

// Batch is one change of postings.
type Batch struct {
	bleve *bleve.Batch
	// docs are the Bleve documents of the passages that were put. When Bleve has
	// analysed them they know how long their fields are, which is then in lengths.
	docs    []*document.Document
	lengths []Lengths
}

// NewBatch returns a Batch without changes.
func NewBatch() *Batch { return &Batch{bleve: bleve.NewBatch()} }

// Delete removes the postings of a passage.
func (b *Batch) Delete(row segment.Row) { b.bleve.Delete(rowKey(row)) }

// Put adds the words of a passage, which are analysed when the batch is applied.
func (b *Batch) Put(row segment.Row, a *analysis.Analyzer, values [analysis.NumFields]string) {
	d := document.NewDocument(rowKey(row))
	for f, v := range values {
		if v != "" {
			f := analysis.Field(f)
			d.AddField(document.NewTextFieldCustom(f.String(), nil, []byte(v), bleve.IndexField|bleve.IncludeTermVectors, a.Field(f)))
		}
	}
	b.bleve.Update(d)
	b.docs = append(b.docs, d)
}

// measure notes how long the fields of the passages are, now that Bleve has
// analysed them, and lets go of what it made of them.
func (b *Batch) measure() {
	for at, d := range b.docs {
		var lengths Lengths
		for _, f := range d.Fields {
			for i := range analysis.NumFields {
				if f.Name() == i.String() {
					lengths[i].Passages++
					lengths[i].Tokens += uint64(f.AnalyzedLength())
				}
			}
		}
		b.lengths = append(b.lengths, lengths)
		b.docs[at] = nil
	}
	b.bleve, b.docs = nil, nil
}

// Lengths are those of the passages that were put, in their order, once the batch
// was applied.
func (b *Batch) Lengths() []Lengths { return b.lengths }

// rowKey is a row as the id of a Bleve document.
func rowKey(row segment.Row) string { return fmt.Sprintf("%08x", uint32(row)) }

func parseRowKey(key string) (segment.Row, error) {
	n, err := strconv.ParseUint(key, 16, 32)
	if err != nil || len(key) != 8 {
		return 0, fmt.Errorf("%w: the postings have a passage %q", segment.ErrRecord, key)
	}
	return segment.Row(n), nil
}
