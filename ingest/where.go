package ingest

import (
	"sort"

	"github.com/albert-search/albert-search/document"
)

// placesFrom drops the places that text from start on has no use for: passages
// ascend, so that none of them is wanted again.
func placesFrom(places []document.PlaceAt, start int) []document.PlaceAt {
	return places[sort.Search(len(places), func(i int) bool { return places[i].Offset > start }):]
}

// placesIn are the places where the text of a passage changes its place, which
// counts from the passage. places begins behind its Start.
func placesIn(places []document.PlaceAt, p *document.Passage) []document.PlaceAt {
	var in []document.PlaceAt
	for _, at := range places {
		if at.Offset >= p.End {
			break
		}
		at.Offset -= p.Start
		if n := len(in); n > 0 && in[n-1].Offset == at.Offset {
			in = in[:n-1] // of several the last counts
		}
		in = append(in, at)
	}
	return in
}

// boxesFrom drops the boxes of words that end before start, from the beginning.
func boxesFrom(boxes []document.BoxAt, start int) []document.BoxAt {
	for len(boxes) > 0 && boxes[0].End <= start {
		boxes = boxes[1:]
	}
	return boxes
}

// boxesIn are the boxes of the words of a passage, which count from it. boxes
// begins with the first of them.
func boxesIn(boxes []document.BoxAt, p *document.Passage) []document.BoxAt {
	var in []document.BoxAt
	for _, b := range boxes {
		if b.Start >= p.End {
			break
		}
		if b.End > p.Start && b.End > b.Start {
			b.Start, b.End = max(b.Start, p.Start)-p.Start, min(b.End, p.End)-p.Start
			in = append(in, b)
		}
	}
	return in
}
