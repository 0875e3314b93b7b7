package analysis

import (
	"cmp"
	"slices"

	"github.com/blevesearch/bleve/v2/analysis"

	"github.com/albert-search/albert-search/index"
)

// Highlight returns the ranges of a text, of a language, that the query's clauses
// match: words with the same stem, phrases as a whole, in ascending order and
// without overlap. Clauses that exclude or look in paths only have no part in it.
func (l *Languages) Highlight(q index.Query, text, language string) []index.Range {
	return l.Analyzer(language).Highlight(q, text)
}

// Highlight is Languages.Highlight for one language.
func (a *Analyzer) Highlight(q index.Query, text string) []index.Range {
	tokens := a.Analyze(Text, text)
	var ranges []index.Range
	for _, c := range q.Clauses {
		if c.Occur == index.MustNot || c.Field == Path.String() {
			continue
		}
		wanted := a.Analyze(Text, c.Text)
		if len(wanted) == 0 {
			continue
		}
		if c.Phrase {
			ranges = append(ranges, phraseRanges(tokens, wanted)...)
		} else {
			ranges = append(ranges, wordRanges(tokens, wanted)...)
		}
	}
	return union(ranges)
}

func wordRanges(tokens, wanted analysis.TokenStream) []index.Range {
	terms := make(map[string]bool, len(wanted))
	for _, t := range wanted {
		terms[string(t.Term)] = true
	}
	var ranges []index.Range
	for _, t := range tokens {
		if terms[string(t.Term)] {
			ranges = append(ranges, index.Range{Start: t.Start, End: t.End})
		}
	}
	return ranges
}

func phraseRanges(tokens, phrase analysis.TokenStream) []index.Range {
	var ranges []index.Range
	for i := range tokens {
		n := 0
		for ; n < len(phrase) && i+n < len(tokens); n++ {
			t := tokens[i+n]
			if string(t.Term) != string(phrase[n].Term) || t.Position-tokens[i].Position != phrase[n].Position-phrase[0].Position {
				break
			}
		}
		if n == len(phrase) {
			ranges = append(ranges, index.Range{Start: tokens[i].Start, End: tokens[i+n-1].End})
		}
	}
	return ranges
}

// union sorts ranges and joins those that overlap.
func union(ranges []index.Range) []index.Range {
	slices.SortFunc(ranges, func(a, b index.Range) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var joined []index.Range
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.Start < joined[n-1].End {
			joined[n-1].End = max(joined[n-1].End, r.End)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}
