package index

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/albert-search/albert-search/document"
)

// Validate refuses a batch that would not come back as it was put, where vectors
// have the length dim. Passages may lack a vector.
func (b *Batch) Validate(dim int) error {
	for i := range b.Put {
		d := &b.Put[i]
		switch {
		case d.ID == "":
			return errors.New("a document has no ID")
		case d.State > Skipped:
			return fmt.Errorf("document %s: unknown state %d", d.ID, d.State)
		case d.State != Indexed && len(d.Content) > 0:
			return fmt.Errorf("document %s has passages but was not indexed", d.ID)
		}
		if err := checkInfo(&d.Info); err != nil {
			return err
		}
		for j := range d.Content {
			if err := checkPassage(&d.Content[j], dim); err != nil {
				return fmt.Errorf("document %s, passage %d: %w", d.ID, j, err)
			}
		}
	}
	for i := range b.Touch {
		if err := checkInfo(&b.Touch[i]); err != nil {
			return err
		}
	}
	for _, e := range b.Vectors {
		if dim == 0 {
			return fmt.Errorf("passage %s: a vector in an index without vectors", e.ID)
		}
		if err := ValidateVector(e.Vector, dim); err != nil {
			return fmt.Errorf("passage %s: %w", e.ID, err)
		}
	}
	for _, a := range b.Annotations {
		if err := checkAnnotations(a.Annotations); err != nil {
			return fmt.Errorf("passage %s: %w", a.ID, err)
		}
		for _, x := range a.Annotations {
			if !slices.Contains(a.Kinds, x.Kind) {
				return fmt.Errorf("passage %s: an annotation of the kind %q, which is none of %q", a.ID, x.Kind, a.Kinds)
			}
		}
	}
	return nil
}

func checkInfo(d *Info) error {
	switch {
	case d.Bytes < 0:
		return fmt.Errorf("document %s has %d bytes", d.ID, d.Bytes)
	case d.Versions.Reader < 0 || d.Versions.Splitter < 0 || d.Versions.Container < 0:
		return fmt.Errorf("document %s has the versions %+v", d.ID, d.Versions)
	}
	for _, l := range d.LeftOut {
		if l.Count < 0 || l.Bytes < 0 {
			return fmt.Errorf("document %s left out %+v", d.ID, l)
		}
	}
	return nil
}

func checkPassage(p *Passage, dim int) error {
	if p.Start < 0 || p.End < p.Start {
		return fmt.Errorf("range %d to %d", p.Start, p.End)
	}
	if err := checkPlaces(p); err != nil {
		return err
	}
	if err := checkAnnotations(p.Annotations); err != nil {
		return err
	}
	if len(p.Vector) == 0 {
		return nil // it may follow
	}
	return ValidateVector(p.Vector, dim)
}

// checkPlaces refuses places and boxes that are not in order, or not in the passage.
func checkPlaces(p *Passage) error {
	for _, at := range []*document.Place{&p.Place, &p.Last} {
		if min(at.Page, at.Line, at.Column, at.Slide) < 0 {
			return fmt.Errorf("place %+v", *at)
		}
	}
	before := 0
	for _, at := range p.Places {
		if at.Offset < before || at.Offset > p.End-p.Start || min(at.Place.Page, at.Place.Line, at.Place.Column, at.Place.Slide) < 0 {
			return fmt.Errorf("place %+v at %d after %d of %d bytes", at.Place, at.Offset, before, p.End-p.Start)
		}
		before = at.Offset
	}
	before = 0
	for _, b := range p.Boxes {
		if b.Start < before || b.End < b.Start || b.End > p.End-p.Start || b.Page < 0 || b.Box != b.Box.Rounded() {
			return fmt.Errorf("box %+v after %d of %d bytes", b, before, p.End-p.Start)
		}
		before = b.Start
	}
	return nil
}

func checkAnnotations(list []document.Annotation) error {
	for _, a := range list {
		if a.Start < 0 || a.End < a.Start {
			return fmt.Errorf("annotation %q of the range %d to %d", a.Kind, a.Start, a.End)
		}
	}
	return nil
}

// ValidateVector refuses a vector that cannot be compared with others of the
// length dim.
func ValidateVector(v []float32, dim int) error {
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
