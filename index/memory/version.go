package memory

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// version is the state of an index between two batches. It never changes.
type version struct {
	settings   index.Settings
	languages  *analysis.Languages
	docs       []*doc // ascending by ID
	generation uint64
	updated    time.Time
	shadow     *shadow          // an unfinished re-embedding, or nil
	reembedded index.Unfinished // as it was last published
	// ids and numbers are what was handed out last; none is used twice.
	ids, numbers uint64
}

// doc is a document, immutable.
type doc struct {
	number   uint64 // of this version of the document, in the order of putting
	info     index.Info
	passages []*passage
}

// passage is a passage, immutable, with what it is found by.
type passage struct {
	id     index.PassageID
	stored index.Passage // without Match and Vector
	vector []float32
	fields [analysis.NumFields]fieldTerms
}

// fieldTerms are the terms of a field with their positions.
type fieldTerms struct {
	present   bool // the field has a text
	tokens    int
	positions map[string][]int
}

// find returns where the document of an ID is or would be.
func (v *version) find(id string) (int, bool) {
	return slices.BinarySearchFunc(v.docs, id, func(d *doc, id string) int { return strings.Compare(d.info.ID, id) })
}

// passage returns the passage of an ID and its document.
func (v *version) passage(id index.PassageID) (*doc, *passage) {
	for _, d := range v.docs {
		for _, p := range d.passages {
			if p.id == id {
				return d, p
			}
		}
	}
	return nil, nil
}

// newDoc makes a document of what a batch puts, which it shares nothing with.
func (v *version) newDoc(d *index.Document) *doc {
	v.numbers++
	made := &doc{number: v.numbers, info: cloneInfo(&d.Info)}
	made.info.Passages = len(d.Content)
	for i := range d.Content {
		v.ids++
		made.passages = append(made.passages, v.newPassage(&d.Info, &d.Content[i], v.ids))
	}
	return made
}

func (v *version) newPassage(d *index.Info, p *index.Passage, id uint64) *passage {
	made := &passage{id: index.PassageID(strconv.FormatUint(id, 36)), stored: clonePassage(p), vector: slices.Clone(p.Vector)}
	completeAnnotations(&made.stored)
	values := [analysis.NumFields]string{
		analysis.Title: d.Title, analysis.Heading: strings.Join(p.Heading, "\n"),
		analysis.Text: cmp.Or(p.Match, p.Text), analysis.Path: d.Path,
	}
	a := v.languages.Analyzer(cmp.Or(p.Language, d.Language))
	for f, text := range values {
		terms := fieldTerms{present: text != "", positions: make(map[string][]int)}
		for _, t := range a.Analyze(analysis.Field(f), text) {
			terms.tokens++
			terms.positions[string(t.Term)] = append(terms.positions[string(t.Term)], t.Position)
		}
		made.fields[f] = terms
	}
	return made
}

func cloneInfo(d *index.Info) index.Info {
	c := *d
	c.Metadata = nil
	if len(d.Metadata) > 0 {
		c.Metadata = maps.Clone(d.Metadata)
	}
	c.LeftOut = slices.Clone(d.LeftOut)
	c.Modified = d.Modified.UTC().Round(0)
	return c
}

// clonePassage copies what is returned of a passage.
func clonePassage(p *index.Passage) index.Passage {
	c := *p
	c.Match, c.Vector = "", nil
	c.Place, c.Last = clonePlace(p.Place), clonePlace(p.Last)
	c.Places, c.Boxes = slices.Clone(p.Places), slices.Clone(p.Boxes)
	for i := range c.Places {
		c.Places[i].Place = clonePlace(c.Places[i].Place)
	}
	c.Heading = slices.Clip(slices.Clone(p.Heading))
	c.Annotations, c.Signature = slices.Clone(p.Annotations), slices.Clone(p.Signature)
	c.Annotated = slices.Clone(p.Annotated)
	return c
}

func clonePlace(p document.Place) document.Place {
	if p.Time != nil {
		t := *p.Time
		p.Time = &t
	}
	if p.Box != nil {
		b := *p.Box
		p.Box = &b
	}
	return p
}
