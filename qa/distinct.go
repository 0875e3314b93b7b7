package qa

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/albert-search/albert-search/internal/squadtext"
)

// group is one answer with all spans that give it.
type group struct {
	Answer
	words     []string // of the answer, normalised
	relevance float64
}

// distinct merges the spans that say the same and returns the best answers in
// order.
func (a *Answerer) distinct(spans []span, passages []Passage) []Answer {
	score := func(s span) float64 {
		c := a.opt.Calibration
		return s.margin() + c.FusedWeight*passages[s.passage].Score + c.RelevanceWeight*s.relevance
	}
	slices.SortFunc(spans, func(x, y span) int {
		return cmp.Or(cmp.Compare(score(y), score(x)), cmp.Compare(x.passage, y.passage), cmp.Compare(x.start, y.start))
	})
	var groups []group
	for _, s := range spans {
		words := squadtext.Words(passages[s.passage].Text[s.start:s.end])
		if len(words) == 0 {
			continue
		}
		same := slices.IndexFunc(groups, func(g group) bool {
			overlap := g.Passage == s.passage && s.start < g.End && g.Start < s.end
			return overlap || sameAnswer(g.words, words)
		})
		if same >= 0 {
			g := &groups[same]
			// A span that the model itself holds to be no answer supports none.
			if s.passage != g.Passage && s.margin() > 0 {
				g.Support = append(g.Support, Support{s.passage, s.start, s.end})
			}
			continue
		}
		groups = append(groups, group{
			Answer: Answer{
				Passage: s.passage, Start: s.start, End: s.end,
				Span: s.logits, Null: s.null, Score: score(s),
			},
			words:     words,
			relevance: s.relevance,
		})
	}
	out := make([]Answer, 0, min(len(groups), a.opt.MaxAnswers))
	// weight is that of an answer in Evidence.Share; the first one's is 1.
	weight := func(g group) float64 { return math.Exp((g.Score - groups[0].Score) / shareTemperature) }
	var all float64
	for _, g := range groups[:min(len(groups), shareAnswers)] {
		all += weight(g)
	}
	for i, g := range groups {
		if i == a.opt.MaxAnswers {
			break
		}
		slices.SortStableFunc(g.Support, func(x, y Support) int { return cmp.Compare(x.Passage, y.Passage) })
		g.Support = slices.CompactFunc(g.Support, func(x, y Support) bool { return x.Passage == y.Passage })
		rival := 0
		if i == 0 {
			rival = 1
		}
		lead := maxLead
		if rival < len(groups) {
			lead = g.Score - groups[rival].Score
		}
		g.Evidence = Evidence{
			Margin:    g.Span - g.Null,
			Fused:     passages[g.Passage].Score,
			Lead:      lead,
			Share:     weight(g) / all,
			Support:   len(g.Support),
			Relevance: g.relevance,
		}
		g.Confidence = a.opt.Calibration.Confidence(g.Evidence)
		out = append(out, g.Answer)
	}
	return out
}

// sameAnswer reports whether two answers, as normalised words, are one: they are
// equal, or one is a part of the other that leaves out at most as much as it
// has and holds a word with a letter ("Obama" and "Barack Obama", but not "5"
// and "5 million").
func sameAnswer(x, y []string) bool {
	if len(x) < len(y) {
		x, y = y, x
	}
	if len(x) > 2*len(y) {
		return false
	}
	if len(x) == len(y) {
		return slices.Equal(x, y)
	}
	if !slices.ContainsFunc(y, func(w string) bool { return strings.ContainsFunc(w, unicode.IsLetter) }) {
		return false
	}
	for i := 0; i+len(y) <= len(x); i++ {
		if slices.Equal(x[i:i+len(y)], y) {
			return true
		}
	}
	return false
}
