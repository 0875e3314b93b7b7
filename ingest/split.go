package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest/extract"
)

// SplitVersion changes whenever Split would make other passages of the same
// text.
//
// 2: a passage knows where it ends, not only where it begins.
const SplitVersion = 2

// DefaultSplitTokens is the token budget of a passage.
const DefaultSplitTokens = 200

// SplitOptions configure Split.
type SplitOptions struct {
	// Tokens is the most tokens a passage has; DefaultSplitTokens when zero.
	Tokens int
	// Languages tells the language of each passage; nil leaves it that of the
	// document.
	Languages extract.LanguageDetector
}

// Split cuts a text into passages of whole sentences, or whole lines of code
// and data, that the embedder reads as no more than o.Tokens tokens each. They
// are in ascending order of Start and of End, and hold every character of the
// text that is not white space. In prose a passage begins with the last
// sentence of the one before, when that is short.
//
// A passage has the path of its headings, where it stands, and the header of the
// table or the term of the description that it begins in the middle of.
//
// A passage keeps to one section, but for sections of less than a quarter of
// the budget, which are taken together with the next one. A sentence beyond
// the budget is cut at line ends, then after punctuation, at spaces, and
// between words; only a single word that is beyond it makes a passage that is.
func Split(t *extract.Text, o SplitOptions, c TokenCounter) []document.Passage {
	s := &splitter{
		text:   t,
		count:  c.CountTokens,
		budget: cmp.Or(max(o.Tokens, 0), DefaultSplitTokens),
	}
	if s.blocks = t.Blocks; len(s.blocks) == 0 && t.Body != "" {
		s.blocks = []document.Block{{End: len(t.Body)}} // of which nothing is known
	}
	s.sections = sectionsOf(t)
	for i := range s.sections {
		s.readSection(i)
	}
	s.out = make([]document.Passage, 0, s.likelyPassages())
	for i := 0; i < len(s.sections); {
		n := s.group(i)
		s.pack(s.units[s.sections[i].units:s.unitsEnd(i+n-1)])
		i += n
	}
	s.describe(o.Languages)
	return s.out
}

// likelyPassages is about how many passages there will be.
func (s *splitter) likelyPassages() int {
	tokens := 0
	for _, sec := range s.sections {
		tokens += sec.tokens
	}
	return min(len(s.units), tokens/s.budget*5/4+len(s.sections)/4+1)
}

// unit is what is not cut any more: a sentence, a line, or words of a sentence
// that is too long.
type unit struct {
	start, end int
	tokens     int
	before     cut
	line       bool
	section    int
}

type splitter struct {
	text        *extract.Text
	count       func(string) int
	budget      int
	blocks      []document.Block
	block       int // the first that is not read to its end
	sections    []section
	dependences dependences
	units       []unit
	out         []document.Passage
	buf         []byte
}

// readSection appends the units of a section.
func (s *splitter) readSection(i int) {
	sec := &s.sections[i]
	sec.units = len(s.units)
	body := s.text.Body
	rank := cutStrong
	for ; s.block < len(s.blocks) && s.blocks[s.block].Start < sec.end; s.block++ {
		b := s.blocks[s.block]
		whole := b.End
		b.Start, b.End = max(b.Start, sec.start), min(b.End, sec.end)
		if b.Start >= b.End {
			continue
		}
		eachSpan(body, b, rank, func(part span) { s.readSpan(part, b.Kind, i) })
		s.dependences.add(b, rank)
		rank = after(body, b)
		if whole > sec.end {
			break // what is left belongs to the next section
		}
	}
	for _, u := range s.units[sec.units:] {
		sec.tokens += u.tokens
	}
}

// readSpan appends the units of a part of a block.
func (s *splitter) readSpan(part span, kind document.BlockKind, section int) {
	u := unit{start: part.start, end: part.end, before: part.before, line: part.line, section: section}
	if isRow(kind) {
		if u.start, u.end = trim(s.text.Body, u.start, u.end); s.fits(&u) {
			s.units = append(s.units, u)
			return
		}
		part.line = false // the cells of so long a row have sentences
	}
	for start, end := range sentencesIn(s.text.Body, part, &s.buf) {
		u := unit{start: start, end: end, before: part.before, line: part.line, section: section}
		part.before = cutPlain
		s.add(u)
	}
}

// maxCounted is the length in bytes of the longest text whose tokens are counted
// at once: tokens take many times the memory of their text, and what is longer
// is beyond any budget, unless it is a single word.
const maxCounted = 64 << 10

// fits counts the tokens of a unit and reports whether it is within the budget.
func (s *splitter) fits(u *unit) bool {
	if u.end-u.start > maxCounted {
		return false
	}
	u.tokens = s.count(s.text.Body[u.start:u.end])
	return u.tokens <= s.budget
}

// add counts the tokens of a unit and appends it, in parts if it is too long.
func (s *splitter) add(u unit) {
	if s.fits(&u) {
		s.units = append(s.units, u)
		return
	}
	if strings.IndexByte(s.text.Body[u.start:u.end], '\n') < 0 {
		s.addWords(u)
		return
	}
	rank := u.before
	eachLine(s.text.Body, u.start, u.end, cutPlain, func(part span) {
		start, end := trim(s.text.Body, part.start, part.end)
		l := unit{start: start, end: end, before: rank, line: u.line, section: u.section}
		rank = cutPlain
		if s.fits(&l) {
			s.units = append(s.units, l)
		} else {
			s.addWords(l)
		}
	})
}

// group returns how many sections from i on are packed together.
func (s *splitter) group(i int) int {
	n := 1
	tokens := s.sections[i].tokens
	for tokens < s.budget/4 && i+n < len(s.sections) && s.sections[i+n].level >= s.sections[i].level {
		tokens += s.sections[i+n].tokens
		n++
	}
	return n
}

func (s *splitter) unitsEnd(section int) int {
	if section+1 < len(s.sections) {
		return s.sections[section+1].units
	}
	return len(s.units)
}

// pack appends the passages of some units.
func (s *splitter) pack(u []unit) {
	fresh := 0 // the first unit that no passage has yet
	for start := 0; fresh < len(u); {
		end, tokens := start, 0
		for end < len(u) && (end <= fresh || tokens+u[end].tokens <= s.budget) {
			tokens += u[end].tokens
			end++
		}
		if end < len(u) {
			end = start + bestCut(u[start:end+1], fresh+1-start, s.budget)
		}
		s.out = append(s.out, document.Passage{
			Start:   u[start].start,
			End:     u[end-1].end,
			Heading: s.headingOf(u[start].section, u[end-1].section),
		})
		fresh, start = end, end
		if end < len(u) && s.overlaps(u[end-1], u[end]) {
			start = end - 1
		}
	}
}

// overlaps reports whether the last unit of a passage is repeated in the next,
// which begins with the unit next otherwise.
func (s *splitter) overlaps(last, next unit) bool {
	return !last.line && !next.line && last.tokens <= s.budget/4 && last.tokens+next.tokens <= s.budget
}

// bestCut returns where to cut u, which is longer than the budget: at the best
// place from least on, within the second half of the budget, and at the last
// of several equally good ones. u[n] begins the next part.
func bestCut(u []unit, least, budget int) int {
	best := len(u) - 1
	tokens := 0
	for i, w := range u {
		if i >= max(least, 1) && tokens >= budget/2 && tokens <= budget && w.before >= u[best].before {
			best = i
		}
		tokens += w.tokens
	}
	return max(best, least, 1)
}

// headingOf returns the headings that lead to all of the sections; one that is
// only the way to the next, as a chapter's title to its first section, is
// left out of account.
func (s *splitter) headingOf(first, last int) []string {
	path := s.sections[first].path
	for i := first + 1; i <= last; i++ {
		next := s.sections[i].path
		n := 0
		for n < len(path) && n < len(next) && path[n] == next[n] {
			n++
		}
		if n == len(path) {
			path = next
		} else {
			path = path[:n]
		}
	}
	return slices.Clip(path)
}

// describe says where the passages stand, on what they depend and in which
// language they are.
func (s *splitter) describe(languages extract.LanguageDetector) {
	first, last := s.text.Locator(), s.text.Locator()
	places, boxes := s.text.Places, s.text.Boxes
	for i := range s.out {
		p := &s.out[i]
		p.Place = first.At(p.Start)
		p.Last = p.Place.Until(last.At(p.End - 1))
		places = placesFrom(places, p.Start)
		p.Places = placesIn(places, p)
		boxes = boxesFrom(boxes, p.Start)
		p.Boxes = boxesIn(boxes, p)
		p.Context = s.dependences.of(s.text.Body, p.Start)
		if languages == nil {
			continue
		}
		if l := languages.DetectLanguage(s.text.Body[p.Start:p.End]); l != s.text.Language {
			p.Language = l
		}
	}
}
