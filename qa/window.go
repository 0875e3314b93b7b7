package qa

import (
	"errors"
	"fmt"
	"math"

	"github.com/albert-search/albert-search/albert/tokenize"
)

// window is one sequence [CLS] question [SEP] part of a passage [SEP].
type window struct {
	seq     tokenize.Sequence
	passage int
	// tokens are the passage's tokens in the window: tokens[i] is token
	// seq.Split+i of the sequence.
	tokens []tokenize.Token
	// from and to bound the tokens that have more context in this window than
	// in its neighbours: a span may only start there, so that none is found
	// twice and each is read where most is around it.
	from, to int
}

// windows lays out all passages. A passage longer than a window is read in
// several that share Overlap tokens.
func (a *Answerer) windows(question string, passages []Passage) []window {
	q := a.tok.Append(nil, question)
	if len(q) == 0 {
		return nil
	}
	q = q[:min(len(q), a.opt.QuestionTokens)]
	special := a.tok.Special()
	head := make([]int32, 0, len(q)+2)
	head = append(head, special.CLS)
	for _, t := range q {
		head = append(head, t.ID)
	}
	head = append(head, special.SEP)
	room := a.opt.Window - len(head) - 1
	// Neighbours share at most half of a window, so that it stays few windows.
	step := room - min(a.opt.Overlap, room/2)

	var out []window
	for p := range passages {
		tokens := a.tok.Append(nil, passages[p].Text)
		first := len(out)
		for at := 0; at < len(tokens); at += step {
			part := tokens[at:min(at+room, len(tokens))]
			ids := make([]int32, 0, len(head)+len(part)+1)
			ids = append(ids, head...)
			for _, t := range part {
				ids = append(ids, t.ID)
			}
			ids = append(ids, special.SEP)
			out = append(out, window{
				seq:     tokenize.Sequence{IDs: ids, Split: len(head)},
				passage: p,
				tokens:  part,
			})
			if at+room >= len(tokens) {
				break
			}
		}
		shareOut(out[first:], step)
	}
	return out
}

// shareOut sets from and to of the windows of one passage, whose starts are
// step tokens apart. Each token goes to the window where the smaller of its
// contexts to the left and right is largest, of two alike to the earlier: the
// border is in the middle of what two neighbours share.
func shareOut(ws []window, step int) {
	for i := range ws {
		ws[i].to = len(ws[i].tokens)
		if i == 0 {
			continue
		}
		shared := len(ws[i-1].tokens) - step
		border := (shared + 1) / 2
		ws[i].from = border
		ws[i-1].to = step + border
	}
}

// checkLogits refuses what a reader must not give, rather than to fail on it
// later or to rank by it.
func checkLogits(seqs []tokenize.Sequence, starts, ends [][]float32, relevance []float32) error {
	if len(starts) != len(seqs) || len(ends) != len(seqs) || len(relevance) != len(seqs) {
		return fmt.Errorf("the reader model gave logits for %d, %d and %d of %d windows", len(starts), len(ends), len(relevance), len(seqs))
	}
	for i, s := range seqs {
		for _, row := range [][]float32{starts[i], ends[i]} {
			if len(row) != len(s.IDs) {
				return fmt.Errorf("the reader model gave %d logits for a window of %d tokens", len(row), len(s.IDs))
			}
			if err := checkFinite(row); err != nil {
				return err
			}
		}
	}
	return checkFinite(relevance)
}

func checkFinite(logits []float32) error {
	for _, v := range logits {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return errors.New("the reader model gave a logit that is not a number; its weights may be damaged")
		}
	}
	return nil
}
