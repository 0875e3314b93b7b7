package eval

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// WriteTREC writes rankings as a run in TREC's format, which trec_eval reads: a
// line of query, "Q0", document, rank, score and tag for each document. The
// scores are made of the ranks, so that they give the same order.
func WriteTREC(w io.Writer, tag string, rankings []Ranking) error {
	b := bufio.NewWriter(w)
	for _, r := range rankings {
		for i, id := range r.Documents {
			for _, field := range []string{r.Query, id, tag} {
				if field == "" || strings.ContainsFunc(field, isBlank) {
					return fmt.Errorf("query %q: %q cannot stand in a TREC run, whose fields are separated by blanks", r.Query, field)
				}
			}
			if _, err := fmt.Fprintf(b, "%s Q0 %s %d %d %s\n", r.Query, id, i+1, len(r.Documents)-i, tag); err != nil {
				return err
			}
		}
	}
	return b.Flush()
}

func isBlank(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\v' || r == '\f'
}

// DecodeTREC reads a run in TREC's format and returns the rankings by tag. As in
// trec_eval the scores make the order and not the ranks; of equal scores the
// document with the later name comes first.
func DecodeTREC(r io.Reader) (map[string][]Ranking, error) {
	type scored struct {
		id    string
		score float64
	}
	type key struct{ tag, query string }
	found := make(map[key][]scored)
	var order []key
	err := eachLine(r, func(line string) error {
		f := strings.FieldsFunc(line, isBlank)
		if len(f) != 6 {
			return fmt.Errorf("%d columns, want query, Q0, document, rank, score and tag", len(f))
		}
		score, err := strconv.ParseFloat(f[4], 64)
		if err != nil || math.IsNaN(score) {
			return fmt.Errorf("score %q is not a number", f[4])
		}
		k := key{f[5], f[0]}
		if found[k] == nil {
			order = append(order, k)
		}
		found[k] = append(found[k], scored{f[2], score})
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string][]Ranking)
	for _, k := range order {
		list := found[k]
		slices.SortStableFunc(list, func(x, y scored) int {
			return cmp.Or(cmp.Compare(y.score, x.score), cmp.Compare(y.id, x.id))
		})
		ranking := Ranking{Query: k.query}
		seen := make(map[string]bool)
		for _, s := range list {
			if seen[s.id] {
				return nil, fmt.Errorf("query %s of %s: document %s is there twice", k.query, k.tag, s.id)
			}
			seen[s.id] = true
			ranking.Documents = append(ranking.Documents, s.id)
		}
		out[k.tag] = append(out[k.tag], ranking)
	}
	return out, nil
}
