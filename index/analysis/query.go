package analysis

import (
	"slices"

	"github.com/blevesearch/bleve/v2/analysis"
)

// Query is what queries are analysed by: an Analyzer for each language that an
// index has documents of, at least one.
type Query []*Analyzer

// Query returns what queries are analysed by in an index that has documents of the
// languages: all allowed languages that one of them is analysed in, and the first.
func (l *Languages) Query(tags ...string) Query {
	allowed := l.Allowed()
	q := Query{l.Analyzer(allowed[0])}
	for _, name := range allowed[1:] {
		if slices.ContainsFunc(tags, func(tag string) bool { return l.Of(tag) == name }) {
			q = append(q, l.Analyzer(name))
		}
	}
	return q
}

// Words returns the terms of the words of a text: those of the first language in
// their order, then of each other language the terms that none before it has.
func (q Query) Words(f Field, text string) []string {
	var all []string
	for _, a := range q {
		before := len(all)
		for _, t := range a.Analyze(f, text) {
			if term := string(t.Term); !slices.Contains(all[:before], term) {
				all = append(all, term)
			}
		}
	}
	return all
}

// Phrases returns the tokens of a phrase in each language. There are none if one of
// the languages drops all of its words: texts of that language do not have them.
func (q Query) Phrases(f Field, text string) []analysis.TokenStream {
	var all []analysis.TokenStream
	for _, a := range q {
		tokens := a.Analyze(f, text)
		if len(tokens) == 0 {
			return nil
		}
		if !slices.ContainsFunc(all, func(other analysis.TokenStream) bool { return same(tokens, other) }) {
			all = append(all, tokens)
		}
	}
	return all
}

// same reports whether two phrases are the same terms at the same distances.
func same(a, b analysis.TokenStream) bool {
	return slices.EqualFunc(a, b, func(x, y *analysis.Token) bool {
		return string(x.Term) == string(y.Term) && x.Position-a[0].Position == y.Position-b[0].Position
	})
}

// Positions returns the terms at each position of a phrase. A position without a
// term, where the analyzer dropped a word, stands for any word.
func Positions(phrase analysis.TokenStream) [][]string {
	first := phrase[0].Position
	terms := make([][]string, phrase[len(phrase)-1].Position-first+1)
	for _, t := range phrase {
		terms[t.Position-first] = append(terms[t.Position-first], string(t.Term))
	}
	return terms
}
