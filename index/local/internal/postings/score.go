package postings

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	scorchapi "github.com/blevesearch/scorch_segment_api/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local/internal/parallel"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// Scoring has two steps, each on all processors. First the postings of each
// term are read from each of Bleve's segments; how many there are in all gives
// the term's weight. Then ranges of passages are Scored, term after term in the
// order of the query, so that a score is the same sum whatever else is done at
// the same time.

// scoredTerm is a term in some fields.
type scoredTerm struct {
	fields []analysis.Field
	term   string
}

// fieldName is what index.Statistics calls the fields.
func (t scoredTerm) fieldName() string {
	if len(t.fields) > 1 {
		return ""
	}
	return t.fields[0].String()
}

// termUse is a term where the query has it.
type termUse struct {
	term  int             // which of the terms
	where *roaring.Bitmap // nil: everywhere
}

// termList is the postings of a term in one of Bleve's segments, ascending by
// number, which counts from the segment's first. Freqs are the frequencies that
// BM25F saturates: weighted and measured against the mean length of the field.
type termList struct {
	numbers []uint32
	freqs   []float64
}

// Scored is a passage that was found.
type Scored struct {
	Number Number
	Score  float64
}

// Score returns the passages of the limit highest scores among those that pass,
// and all that have the lowest of these scores; those with higher scores first.
func (k *Search) Score(q index.Query, limit int, passes func(number Number) (bool, error)) ([]Scored, error) {
	terms, uses, err := k.terms(q)
	if err != nil || len(uses) == 0 {
		return nil, err
	}
	segs := k.reader.snapshot.Segments()
	lists := make([][]termList, len(segs)) // by segment and term
	var blocks []scoreBlock
	offset := uint32(0)
	for i, seg := range segs {
		lists[i] = make([]termList, len(terms))
		size := uint32(seg.FullSize())
		for from := uint32(0); from < size; from += blockSize {
			blocks = append(blocks, scoreBlock{lists[i], offset, from})
		}
		offset += size
	}
	workers := make([]*scorer, min(runtime.GOMAXPROCS(0), max(len(segs)*len(terms), len(blocks))))
	for i := range workers {
		workers[i] = k.newScorer(limit)
	}
	if err := k.read(workers, segs, terms, lists); err != nil {
		return nil, err
	}
	idf := make([]float64, len(terms))
	for t, term := range terms {
		n, df := float64(k.reader.passages), float64(found(lists, t))
		if k.global != nil {
			n, df = float64(k.global.Passages), float64(k.global.Terms[term.fieldName()][term.term])
		}
		idf[t] = math.Log(1 + (n-df+0.5)/(df+0.5))
	}
	if err := parallel.Share(k.ctx, workers, len(blocks), func(w *scorer, n int) error {
		return w.score(blocks[n], uses, idf, passes)
	}); err != nil {
		return nil, err
	}
	all := best{limit: limit}
	for _, w := range workers {
		for _, f := range w.best.found {
			all.add(f)
		}
		if k.global == nil {
			k.reader.scorers.Put(w) // not after an error or a panic, which leave scores behind
		}
	}
	return all.sorted(), nil
}

// read reads the postings of all terms from Bleve's segments into lists.
func (k *Search) read(workers []*scorer, segs []*scorch.SegmentSnapshot, terms []scoredTerm, lists [][]termList) error {
	return parallel.Share(k.ctx, workers, len(segs)*len(terms), func(w *scorer, n int) (err error) {
		seg, term := n/len(terms), n%len(terms)
		lists[seg][term], err = w.read(segs[seg], terms[term])
		return err
	})
}

// found is the number of passages that have a term.
func found(lists [][]termList, term int) int {
	n := 0
	for seg := range lists {
		n += len(lists[seg][term].numbers)
	}
	return n
}

// terms returns the terms that a query scores, and their uses in its order.
func (k *Search) terms(q index.Query) (terms []scoredTerm, uses []termUse, err error) {
	type key struct {
		first analysis.Field
		one   bool // or all that a clause without a field looks in
		term  string
	}
	known := make(map[key]int)
	use := func(fields []analysis.Field, term string, where *roaring.Bitmap) {
		id := key{fields[0], len(fields) == 1, term}
		i, ok := known[id]
		if !ok {
			i = len(terms)
			known[id] = i
			terms = append(terms, scoredTerm{fields, term})
		}
		uses = append(uses, termUse{i, where})
	}
	for _, c := range q.Clauses {
		if c.Occur == index.MustNot {
			continue
		}
		fields, err := analysis.Searched(c.Field)
		if err != nil {
			return nil, nil, err
		}
		var where *roaring.Bitmap
		if c.Phrase {
			if where, err = k.Phrase(fields, c.Text); err != nil {
				return nil, nil, err
			}
		}
		// All fields of a clause have the same analyzer.
		for _, term := range k.query.Words(fields[0], c.Text) {
			use(fields, term, where)
		}
		if c.Occur != index.Should || c.Field != "" {
			continue
		}
		words, err := k.pathTerms(c.Text)
		if err != nil {
			return nil, nil, err
		}
		for _, term := range words {
			use([]analysis.Field{analysis.Path}, term, nil)
		}
	}
	return terms, uses, nil
}

// pathTerms returns the words of a text that count where they are in a path, so
// that a file is found by its name. A word in all paths says where the
// collection is, and a word that the text's analyzer drops says nothing.
func (k *Search) pathTerms(text string) ([]string, error) {
	var terms []string
	for _, term := range k.query.Words(analysis.Path, text) {
		if len(k.query.Phrases(analysis.Text, term)) == 0 {
			continue
		}
		n, all := uint64(0), k.reader.lengths[analysis.Path].Passages
		if st := k.global; st != nil {
			n, all = uint64(st.Terms[analysis.Path.String()][term]), st.Fields[analysis.Path.String()].Passages
		} else {
			var err error
			if n, err = k.count(analysis.Path, term); err != nil {
				return nil, err
			}
		}
		if k.counting || n > 0 && n < all {
			terms = append(terms, term)
		}
	}
	return terms, nil
}

// count returns how many live passages have a term in a field.
func (k *Search) count(f analysis.Field, term string) (uint64, error) {
	var n uint64
	for _, seg := range k.reader.snapshot.Segments() {
		list, err := openList(seg, f, term, nil)
		if err != nil {
			return 0, err
		}
		n += list.Count()
	}
	return n, nil
}

// openList opens the postings of a term in one of Bleve's segments, in the
// memory of a list that is not used any more, if there is one.
func openList(seg *scorch.SegmentSnapshot, f analysis.Field, term string, used scorchapi.PostingsList) (scorchapi.PostingsList, error) {
	dict, err := seg.Segment().Dictionary(f.String())
	if err != nil {
		return nil, fmt.Errorf("reading postings: %w", err)
	}
	list, err := dict.PostingsList([]byte(term), seg.Deleted(), used)
	if err != nil {
		return nil, fmt.Errorf("reading postings: %w", err)
	}
	return list, nil
}

// best keeps the passages of the limit highest scores, and all that have the
// lowest of these: which of them counts is known when their rows are.
type best struct {
	limit int
	least float64 // what is below is not among them
	found []Scored
	full  int // when found is sorted out the next time
}

func (b *best) add(s Scored) {
	if s.Score < b.least {
		return
	}
	b.found = append(b.found, s)
	if len(b.found) > max(b.full, 2*b.limit) {
		b.sorted()
		b.full = 2 * len(b.found) // there may be many alike
	}
}

// sorted returns what was found, the best first.
func (b *best) sorted() []Scored {
	slices.SortFunc(b.found, func(x, y Scored) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Number, y.Number))
	})
	if len(b.found) > b.limit {
		b.least = b.found[b.limit-1].Score
		n := b.limit
		for n < len(b.found) && b.found[n].Score == b.least {
			n++
		}
		b.found = b.found[:n]
	}
	return b.found
}

// scorer is what one worker of a search has to itself. Searches hand it on, also
// to those of the next Reader.
type scorer struct {
	lengths Lengths
	norms   [analysis.NumFields][]float64 // norm by length; nil for a field that no passage has
	lists   arena
	scores  []float64 // of a block
	best    best

	// What the last list was read with.
	postings scorchapi.PostingsList
	iterator scorchapi.PostingsIterator
}

// newScorer returns a scorer of an earlier search of the view, or a new one.
func (k *Search) newScorer(limit int) *scorer {
	if k.global == nil {
		if w, ok := k.reader.scorers.Get().(*scorer); ok {
			w.lists.reset()
			w.best = best{limit: limit, found: w.best.found[:0]}
			if w.lengths != k.reader.lengths { // of another Reader
				w.measure(k.reader.lengths)
			}
			return w
		}
	}
	w := &scorer{best: best{limit: limit}, scores: make([]float64, blockSize)}
	lengths := k.reader.lengths
	for f := range lengths {
		if st := k.global; st != nil && lengths[f].Passages > 0 {
			l := st.Fields[analysis.Field(f).String()]
			lengths[f] = segment.FieldLength{Passages: max(l.Passages, 1), Tokens: l.Tokens}
		}
	}
	w.measure(lengths)
	return w
}

// measure makes the norms for fields of these lengths in all.
func (w *scorer) measure(lengths Lengths) {
	const kept = 1024 // for longer ones it is worked out each time
	w.lengths = lengths
	for f := range w.norms {
		if lengths[f].Passages == 0 {
			w.norms[f] = nil
			continue
		}
		if w.norms[f] == nil {
			w.norms[f] = make([]float64, kept)
		}
		for n := range w.norms[f] {
			w.norms[f][n] = w.norm(analysis.Field(f), float64(n))
		}
	}
}

// norm is what the frequency of a term in a field of that length is divided by.
func (w *scorer) norm(f analysis.Field, length float64) float64 {
	mean := max(float64(w.lengths[f].Tokens)/float64(w.lengths[f].Passages), 1)
	return 1 - B + B*length/mean
}

// read reads the postings of a term from one of Bleve's segments.
func (w *scorer) read(seg *scorch.SegmentSnapshot, t scoredTerm) (termList, error) {
	var all termList
	for _, f := range t.fields {
		list, err := w.readField(seg, f, t.term)
		if err != nil {
			return all, err
		}
		all = w.add(all, list)
	}
	return all, nil
}

// docLength is how a posting of Bleve tells the length of its field. Norm tells
// it too, as 1/sqrt(length).
type docLength interface{ NormUint64() uint64 }

func (w *scorer) readField(seg *scorch.SegmentSnapshot, f analysis.Field, term string) (termList, error) {
	norms := w.norms[f]
	if norms == nil {
		return termList{}, nil
	}
	postings, err := openList(seg, f, term, w.postings)
	if err != nil {
		return termList{}, err
	}
	w.postings = postings
	n := int(postings.Count())
	if n == 0 {
		return termList{}, nil
	}
	list, weight := w.lists.take(n), f.Weight()
	it := postings.Iterator(true, true, false, w.iterator)
	w.iterator = it
	for i := range n {
		p, err := it.Next()
		if err == nil && p == nil {
			err = fmt.Errorf("%w: %d postings of %q instead of %d", segment.ErrRecord, i, term, n)
		}
		if err != nil {
			return termList{}, fmt.Errorf("reading postings: %w", err)
		}
		var length uint64
		if d, ok := p.(docLength); ok {
			length = d.NormUint64()
		} else {
			length = uint64(math.Round(1 / (p.Norm() * p.Norm())))
		}
		list.numbers[i] = uint32(p.Number())
		by := 0.0
		if length < uint64(len(norms)) {
			by = norms[length]
		} else {
			by = w.norm(f, float64(length))
		}
		list.freqs[i] = weight * float64(p.Frequency()) / by
	}
	return list, nil
}

// add adds the frequencies of b to those of a.
func (w *scorer) add(a, b termList) termList {
	if len(a.numbers) == 0 {
		return b
	}
	if len(b.numbers) == 0 {
		return a
	}
	sum := w.lists.take(len(a.numbers) + len(b.numbers))
	n, i, j := 0, 0, 0
	for ; i < len(a.numbers) && j < len(b.numbers); n++ {
		switch x, y := a.numbers[i], b.numbers[j]; {
		case x < y:
			sum.numbers[n], sum.freqs[n] = x, a.freqs[i]
			i++
		case x > y:
			sum.numbers[n], sum.freqs[n] = y, b.freqs[j]
			j++
		default:
			sum.numbers[n], sum.freqs[n] = x, a.freqs[i]+b.freqs[j]
			i, j = i+1, j+1
		}
	}
	rest, freqs := a.numbers[i:], a.freqs[i:]
	if j < len(b.numbers) {
		rest, freqs = b.numbers[j:], b.freqs[j:]
	}
	copy(sum.freqs[n:], freqs)
	n += copy(sum.numbers[n:], rest)
	return termList{sum.numbers[:n], sum.freqs[:n]}
}

// arena hands out lists of one search in few allocations, which the next
// search uses again.
type arena struct {
	numbers []uint32
	freqs   []float64
	used    int // of numbers and freqs
	taken   int // in all since the last reset
}

func (a *arena) reset() {
	if a.taken > len(a.numbers) {
		a.grow(a.taken)
	}
	a.used, a.taken = 0, 0
}

func (a *arena) grow(n int) {
	a.numbers, a.freqs, a.used = make([]uint32, n), make([]float64, n), 0
}

// take returns a list of n postings with any content.
func (a *arena) take(n int) termList {
	if a.used+n > len(a.numbers) {
		a.grow(max(n, 1<<12, 2*len(a.numbers)))
	}
	from, to := a.used, a.used+n
	a.used, a.taken = to, a.taken+n
	return termList{a.numbers[from:to:to], a.freqs[from:to:to]}
}

// blockSize is how many passages are Scored at a time: their scores fit into
// the processor's cache.
const blockSize = 1 << 15

// scoreBlock is blockSize passages of one of Bleve's segments, or what is left.
type scoreBlock struct {
	lists  []termList // of the segment, by term
	offset uint32     // the segment's first number
	from   uint32     // the block's first, counted from that
}

// score scores the passages of a block.
func (w *scorer) score(b scoreBlock, uses []termUse, idf []float64, passes func(Number) (bool, error)) error {
	found := false
	for _, u := range uses {
		list := b.lists[u.term]
		first, _ := slices.BinarySearch(list.numbers, b.from)
		for i := first; i < len(list.numbers); i++ {
			at := list.numbers[i] - b.from
			if at >= blockSize {
				break
			}
			if u.where == nil || u.where.Contains(b.offset+list.numbers[i]) {
				freq := list.freqs[i]
				w.scores[at] += idf[u.term] * freq * (K1 + 1) / (freq + K1)
				found = true
			}
		}
	}
	if !found {
		return nil
	}
	defer clear(w.scores)
	for at, score := range w.scores {
		if score == 0 || score < w.best.least {
			continue
		}
		number := Number(b.offset + b.from + uint32(at))
		ok, err := passes(number)
		if err != nil {
			return err
		}
		if ok {
			w.best.add(Scored{number, score})
		}
	}
	return nil
}
