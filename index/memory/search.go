package memory

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// The parameters of BM25.
const (
	k1 = 1.2
	b  = 0.75
)

// search is one search of a version.
type search struct {
	version    *version
	query      analysis.Query
	statistics index.Statistics
}

func (v *version) search() *search {
	var languages []string
	for _, d := range v.docs {
		languages = append(languages, d.info.Language)
		for _, p := range d.passages {
			languages = append(languages, p.stored.Language)
		}
	}
	return &search{version: v, query: v.languages.Query(languages...)}
}

// Keyword returns the passages that match the query best: the sum of BM25F
// (Robertson and Zaragoza, 2009, section 3.6) over the words of its Should and
// Must clauses.
func (s *snapshot) Keyword(ctx context.Context, r index.Request) ([]index.Hit, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(r); err != nil {
		return nil, err
	}
	k := v.search()
	if r.Statistics != nil {
		k.statistics = *r.Statistics
	} else if k.statistics, err = k.count(r.Query); err != nil {
		return nil, err
	}
	uses, err := k.uses(r.Query)
	if err != nil {
		return nil, err
	}
	return k.hits(ctx, r, func(p *passage) (float64, bool) {
		score := 0.0
		for _, u := range uses {
			if u.phrase != nil && !matchesAny(p, u.fields, u.phrase) {
				continue
			}
			if freq := k.frequency(p, u); freq > 0 {
				score += k.weight(u) * freq * (k1 + 1) / (freq + k1)
			}
		}
		return score, score > 0
	})
}

// Nearest returns the passages whose vectors are nearest by cosine.
func (s *snapshot) Nearest(ctx context.Context, r index.Request) ([]index.Hit, error) {
	v, err := s.see(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(r); err != nil {
		return nil, err
	}
	if dim := v.settings.Dim; len(r.Vector) != dim || dim == 0 {
		return nil, fmt.Errorf("query vector of length %d in an index of length %d", len(r.Vector), dim)
	}
	return v.search().hits(ctx, r, func(p *passage) (float64, bool) {
		if p.vector == nil {
			return 0, false
		}
		var sum float64
		for i, x := range p.vector {
			sum += float64(x) * float64(r.Vector[i])
		}
		return float64(float32(sum)), true
	})
}

func checkLimit(r index.Request) error {
	if r.Limit <= 0 {
		return fmt.Errorf("limit of %d hits; it must be positive", r.Limit)
	}
	return nil
}

// hits returns the best of the passages that pass the filter and the required and
// excluded clauses, by a score.
func (k *search) hits(ctx context.Context, r index.Request, score func(*passage) (float64, bool)) ([]index.Hit, error) {
	passes, err := r.Filter.Matcher()
	if err != nil {
		return nil, err
	}
	passesPassage := r.Filter.PassageMatcher()
	restricted, err := k.restrict(r.Query)
	if err != nil {
		return nil, err
	}
	var hits []index.Hit
	for _, d := range k.version.docs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !passes(&d.info) {
			continue
		}
		for _, p := range d.passages {
			if passesPassage != nil && !passesPassage(&p.stored) || !restricted(p) {
				continue
			}
			if x, ok := score(p); ok {
				hits = append(hits, index.Hit{ID: p.id, Score: x, Doc: d.info.ID, Start: p.stored.Start})
			}
		}
	}
	slices.SortStableFunc(hits, index.Hit.Compare)
	return hits[:min(len(hits), r.Limit)], nil
}

// restrict returns the function that reports whether a passage has all Must clauses
// and no MustNot clause.
func (k *search) restrict(q index.Query) (func(*passage) bool, error) {
	type condition struct {
		fields  []analysis.Field
		phrases [][][][]string
		want    bool
	}
	var all []condition
	for _, c := range q.Clauses {
		if c.Occur == index.Should {
			continue
		}
		fields, err := analysis.Searched(c.Field)
		if err != nil {
			return nil, err
		}
		words := []string{c.Text}
		if !c.Phrase {
			words = strings.Fields(c.Text)
		}
		for _, w := range words {
			cond := condition{fields: fields, want: c.Occur == index.Must}
			// The fields of a clause have the same analyzer.
			if phrases := k.phrases(fields[0], w); phrases != nil {
				cond.phrases = append(cond.phrases, phrases)
				all = append(all, cond)
			}
		}
	}
	return func(p *passage) bool {
		for _, c := range all {
			for _, phrases := range c.phrases {
				if matchesAny(p, c.fields, phrases) != c.want {
					return false
				}
			}
		}
		return true
	}, nil
}

// phrases returns the terms at each position of a phrase, in each language.
func (k *search) phrases(f analysis.Field, text string) [][][]string {
	var all [][][]string
	for _, tokens := range k.query.Phrases(f, text) {
		all = append(all, analysis.Positions(tokens))
	}
	return all
}

// matchesAny reports whether one of the phrases stands in one of the fields.
func matchesAny(p *passage, fields []analysis.Field, phrases [][][]string) bool {
	for _, f := range fields {
		for _, phrase := range phrases {
			if p.fields[f].has(phrase) {
				return true
			}
		}
	}
	return false
}

// has reports whether a phrase stands in the field.
func (t *fieldTerms) has(phrase [][]string) bool {
	for _, first := range phrase[0] {
		for _, at := range t.positions[first] {
			if t.hasAt(phrase, at) {
				return true
			}
		}
	}
	return false
}

func (t *fieldTerms) hasAt(phrase [][]string, at int) bool {
	for i, terms := range phrase {
		if len(terms) > 0 && !slices.ContainsFunc(terms, func(term string) bool { return slices.Contains(t.positions[term], at+i) }) {
			return false
		}
	}
	return true
}

// use is a term where the query has it.
type use struct {
	fields []analysis.Field
	term   string
	phrase [][][]string // only where one of these stands; nil: everywhere
	path   bool         // looked for in paths, although the clause does not say so
}

// name is what Statistics call the fields.
func (u use) name() string {
	if len(u.fields) > 1 {
		return ""
	}
	return u.fields[0].String()
}

// uses returns what a query scores. A Should clause without a field is also looked
// for in paths, but for words that all paths have, or that a language drops.
func (k *search) uses(q index.Query) ([]use, error) {
	all, err := k.allUses(q)
	paths := k.statistics.Fields[analysis.Path.String()].Passages
	return slices.DeleteFunc(all, func(u use) bool {
		n := k.statistics.Terms[u.name()][u.term]
		return u.path && (n == 0 || uint64(n) >= paths)
	}), err
}

// allUses is uses without regard to how many paths have a word.
func (k *search) allUses(q index.Query) ([]use, error) {
	var all []use
	for _, c := range q.Clauses {
		if c.Occur == index.MustNot {
			continue
		}
		fields, err := analysis.Searched(c.Field)
		if err != nil {
			return nil, err
		}
		var phrase [][][]string
		if c.Phrase {
			phrase = k.phrases(fields[0], c.Text)
		}
		for _, term := range k.query.Words(fields[0], c.Text) {
			all = append(all, use{fields: fields, term: term, phrase: phrase})
		}
		if c.Occur != index.Should || c.Field != "" {
			continue
		}
		for _, term := range k.query.Words(analysis.Path, c.Text) {
			if k.query.Phrases(analysis.Text, term) != nil {
				all = append(all, use{fields: []analysis.Field{analysis.Path}, term: term, path: true})
			}
		}
	}
	return all, nil
}

// frequency is how often a passage has a term: the sum over the fields, each
// weighted and measured against the mean length of its field.
func (k *search) frequency(p *passage, u use) float64 {
	sum := 0.0
	for _, f := range u.fields {
		n := len(p.fields[f].positions[u.term])
		if n == 0 {
			continue
		}
		st := k.statistics.Fields[f.String()]
		mean := max(float64(st.Tokens)/float64(max(st.Passages, 1)), 1)
		sum += f.Weight() * float64(n) / (1 - b + b*float64(p.fields[f].tokens)/mean)
	}
	return sum
}

// weight is the inverse document frequency of a term.
func (k *search) weight(u use) float64 {
	n, df := float64(k.statistics.Passages), float64(k.statistics.Terms[u.name()][u.term])
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

// Statistics are what Keyword needs to know of the whole version.
func (s *snapshot) Statistics(ctx context.Context, q index.Query) (index.Statistics, error) {
	v, err := s.see(ctx)
	if err != nil {
		return index.Statistics{}, err
	}
	return v.search().count(q)
}

func (k *search) count(q index.Query) (index.Statistics, error) {
	st := index.Statistics{Fields: make(map[string]index.FieldStatistics), Terms: make(map[string]map[string]int)}
	uses, err := k.allUses(q)
	if err != nil {
		return st, err
	}
	for _, u := range uses {
		if st.Terms[u.name()] == nil {
			st.Terms[u.name()] = make(map[string]int)
		}
		st.Terms[u.name()][u.term] = 0
	}
	for f := range analysis.NumFields {
		st.Fields[f.String()] = index.FieldStatistics{}
	}
	for _, d := range k.version.docs {
		for _, p := range d.passages {
			st.Passages++
			for f, t := range p.fields {
				name := analysis.Field(f).String()
				sum := st.Fields[name]
				if t.present {
					sum.Passages++
				}
				sum.Tokens += uint64(t.tokens)
				st.Fields[name] = sum
			}
			counted := make(map[string]bool)
			for _, u := range uses {
				key := u.name() + "\n" + u.term
				if !counted[key] && slices.ContainsFunc(u.fields, func(f analysis.Field) bool { return p.fields[f].positions[u.term] != nil }) {
					counted[key] = true
					st.Terms[u.name()][u.term]++
				}
			}
		}
	}
	return st, nil
}
