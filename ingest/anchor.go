package ingest

import "hash/crc32"

const (
	// Of so many places one is an anchor: of those between paragraphs or other
	// parts, and of those between lines where there are no parts.
	partsPerAnchor = 16
	linesPerAnchor = 64
	// anchorBudgets is how many budgets an anchor is behind the one before at least.
	anchorBudgets = 2
)

// bestRank is the best of the places between the units.
func bestRank(u []unit) cut {
	rank := cutPlain
	for _, x := range u[1:] {
		rank = max(rank, x.before)
	}
	return rank
}

// nextAnchor returns the next place behind a unit where a passage ends whatever
// stands elsewhere, len(u) if there is none. Only places of the best rank are
// anchors; between the sentences of a paragraph there are none.
func (s *splitter) nextAnchor(u []unit, from int, rank cut) int {
	every := uint32(partsPerAnchor)
	if rank == cutPlain {
		every = linesPerAnchor
	}
	tokens := 0
	for i := from; i < len(u); i++ {
		if x := u[i]; tokens >= anchorBudgets*s.budget && x.before == rank && !u[i-1].keep && (rank > cutPlain || x.line) {
			before := crc32.ChecksumIEEE([]byte(s.text.Body[u[i-1].start:u[i-1].end]))
			if crc32.Update(before, crc32.IEEETable, []byte(s.text.Body[x.start:x.end]))%every == 0 {
				return i
			}
		}
		tokens += u[i].tokens
	}
	return len(u)
}

// evenly returns the budget of the next passage of a stretch, which is less than
// the whole where a small rest would be left of the stretch.
func evenly(u []unit, budget int) int {
	rest := 0
	for _, x := range u {
		if rest += x.tokens; rest > budget*3/2 {
			return budget
		}
	}
	if rest <= budget {
		return budget
	}
	return rest * 2 / 3
}
