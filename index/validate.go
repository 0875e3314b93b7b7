package index

import (
	"errors"
	"fmt"
	"math"

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
		case d.Bytes < 0:
			return fmt.Errorf("document %s has %d bytes", d.ID, d.Bytes)
		}
		for j := range d.Content {
			if err := validatePassage(&d.Content[j], dim); err != nil {
				return fmt.Errorf("document %s, passage %d: %w", d.ID, j, err)
			}
		}
	}
	for i := range b.Touch {
		if d := &b.Touch[i]; d.Bytes < 0 {
			return fmt.Errorf("document %s has %d bytes", d.ID, d.Bytes)
		}
	}
	for _, e := range b.Vectors {
		if err := ValidateVector(e.Vector, dim); err != nil {
			return fmt.Errorf("passage %s: %w", e.ID, err)
		}
	}
	for _, a := range b.Annotations {
		for _, x := range a.Annotations {
			if x.Start < 0 || x.End < x.Start {
				return fmt.Errorf("passage %s: annotation of the range %d to %d", a.ID, x.Start, x.End)
			}
		}
	}
	return nil
}

func validatePassage(p *Passage, dim int) error {
	if p.Start < 0 || p.End < p.Start {
		return fmt.Errorf("range %d to %d", p.Start, p.End)
	}
	for _, at := range []document.Place{p.Place, p.Last} {
		if at.Page < 0 || at.Line < 0 || at.Column < 0 || at.Slide < 0 {
			return fmt.Errorf("page %d, line %d, column %d, slide %d", at.Page, at.Line, at.Column, at.Slide)
		}
	}
	for _, a := range p.Annotations {
		if a.Start < 0 || a.End < a.Start || a.End > len(p.Text) {
			return fmt.Errorf("annotation of the range %d to %d in %d bytes", a.Start, a.End, len(p.Text))
		}
	}
	if p.Vector == nil {
		return nil
	}
	return ValidateVector(p.Vector, dim)
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
