package document

import "cmp"

// PassageID names a passage within one index. Only the store that made it knows
// what it says. It is never reused.
type PassageID string

// Hit is a found passage. Higher scores are better.
type Hit struct {
	ID    PassageID
	Score float64
	// Doc is the ID of the document, Start where in its text the passage begins.
	Doc   string
	Start int
}

// Compare orders hits as searches return them: by descending score, equal scores
// by document ID, then by Start, so that the order does not depend on how an
// index came about.
func (h Hit) Compare(other Hit) int {
	return cmp.Or(cmp.Compare(other.Score, h.Score), cmp.Compare(h.Doc, other.Doc), cmp.Compare(h.Start, other.Start))
}

// Span is a byte range in a text.
type Span struct {
	Start int `json:"start"`
	End   int `json:"end"`
}
