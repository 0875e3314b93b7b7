package qa

import (
	"cmp"
	"slices"
	"strings"
)

// spansPerWindow is how many spans of a window are kept. Two that do not
// overlap are enough for an answer and its rival; the third is for a rival
// that says the same as the answer.
const spansPerWindow = 3

// span is a stretch of a passage that may be the answer.
type span struct {
	passage    int
	start, end int // bytes in the passage's text
	logits     float64
	null       float64
	relevance  float64 // of its window
}

// margin is the log of how much likelier the span is than "no answer here",
// up to what the softmax over starts and that over ends have in common.
func (s span) margin() float64 { return s.logits - s.null }

// decode returns the best spans of a window that do not overlap, best first.
// A span starts at one of the best starts, ends at one of the best ends and
// lies in the passage: the question and the special tokens are no candidates.
func (a *Answerer) decode(w readWindow, text string) []span {
	off := w.seq.Split
	n := len(w.tokens)
	starts := best(w.start[off+w.from:off+w.to], w.from, a.opt.TopK)
	ends := best(w.end[off:off+n], 0, a.opt.TopK)
	type pair struct {
		from, to int
		logits   float64
	}
	var pairs []pair
	for _, s := range starts {
		for _, e := range ends {
			if e < s || e-s >= a.opt.AnswerTokens {
				continue
			}
			pairs = append(pairs, pair{s, e, float64(w.start[off+s]) + float64(w.end[off+e])})
		}
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(cmp.Compare(y.logits, x.logits), cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to))
	})
	var out []span
	for _, p := range pairs {
		s := span{passage: w.passage, logits: p.logits, null: w.null(), relevance: float64(w.relevance)}
		s.start, s.end = tidy(text, w.tokens[p.from].Start, w.tokens[p.to].End)
		if s.start >= s.end || crosses(text[s.start:s.end]) || slices.ContainsFunc(out, s.overlaps) {
			continue
		}
		if out = append(out, s); len(out) == spansPerWindow {
			break
		}
	}
	return out
}

// crosses reports whether an answer reaches over the end of a paragraph, of a
// list item or of a cell of a table: what stands on either side of it are two
// answers.
func crosses(answer string) bool {
	for i := range len(answer) {
		switch answer[i] {
		case '\t':
			return true
		case '\n':
			rest := strings.TrimLeft(answer[i+1:], " ")
			if rest != "" && rest[0] == '\n' || beginsItem(rest) {
				return true
			}
		}
	}
	return false
}

// beginsItem reports whether a line begins with the mark of a list item.
func beginsItem(line string) bool {
	if i := strings.IndexAny(line, " \n"); i >= 0 {
		line = line[:i]
	}
	switch line {
	case "-", "*", "+", "•":
		return true
	}
	number, ok := strings.CutSuffix(line, ".")
	return ok && number != "" && len(number) <= 3 && strings.Trim(number, "0123456789") == ""
}

func (s span) overlaps(o span) bool {
	return s.passage == o.passage && s.start < o.end && o.start < s.end
}

// best returns the indexes of the k highest logits, counted from base, highest
// first and of equal ones the earlier first.
func best(logits []float32, base, k int) []int {
	order := make([]int, len(logits))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		return cmp.Or(cmp.Compare(logits[y], logits[x]), cmp.Compare(x, y))
	})
	order = order[:min(k, len(order))]
	for i := range order {
		order[i] += base
	}
	return order
}
