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
// 3: a passage is of one section, and of text or furniture; what announces
// something stays with it; places and boxes within a passage; long sections are cut at anchors.
const SplitVersion = 3

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
// A passage keeps to one section; of sections that have nothing but a heading, to
// these and the one that follows. It is of text or of furniture. What announces
// something is not separated from what comes next: a heading, a term, the header
// of a table, unless it alone takes more than half of the budget, or furniture comes
// between. A sentence beyond the budget is cut at line ends, then after
// punctuation, at spaces, and between words; only a single word that is beyond it
// makes a passage that is.
//
// In a long section, a place is an anchor if what stands around it says so: there
// a passage ends in any case. What is inserted or changes therefore changes
// the passages up to the next anchor only, some eight on average.
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
		s.packRuns(s.units[s.sections[i].units:s.unitsEnd(i+n-1)])
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
	heading    bool
	furniture  bool
	keep       bool // announces what follows, and is not separated from it
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
	kept        int // tokens of the last units, those that have keep
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
	sec.bare = sec.units < len(s.units)
	for _, u := range s.units[sec.units:] {
		sec.tokens += u.tokens
		sec.bare = sec.bare && u.heading
	}
}

// readSpan appends the units of a part of a block.
func (s *splitter) readSpan(part span, kind document.BlockKind, section int) {
	u := unit{start: part.start, end: part.end, before: part.before, line: part.line, section: section,
		heading: kind == document.Heading, furniture: kind == document.Furniture, keep: announces(kind)}
	if isRow(kind) {
		if u.start, u.end = trim(s.text.Body, u.start, u.end); s.fits(&u) {
			s.push(u)
			return
		}
		part.line = false // the cells of so long a row have sentences
	}
	u.line = part.line
	for u.start, u.end = range sentencesIn(s.text.Body, part, &s.buf) {
		s.add(u)
		u.before = cutPlain
	}
}

// announces reports whether a block is nothing without the one that follows.
func announces(kind document.BlockKind) bool {
	return kind == document.Heading || kind == document.Term || kind == document.TableHeader
}

// limit is how many tokens the next unit has at most: with what announces it, it
// has to be within the budget.
func (s *splitter) limit() int { return s.budget - s.kept }

// push appends a unit. What announces something can take half of the budget; then
// it is as anything else.
func (s *splitter) push(u unit) {
	u.keep = u.keep && s.kept+u.tokens <= s.budget/2
	if u.keep {
		s.kept += u.tokens
	} else {
		s.kept = 0
	}
	s.units = append(s.units, u)
}

// maxCounted is the length in bytes of the longest text whose tokens are counted
// at once: tokens take many times the memory of their text, and what is longer
// is beyond any budget, unless it is a single word.
const maxCounted = 64 << 10

// fits counts the tokens of a unit and reports whether it is within the limit.
func (s *splitter) fits(u *unit) bool {
	if u.end-u.start > maxCounted {
		return false
	}
	u.tokens = s.count(s.text.Body[u.start:u.end])
	return u.tokens <= s.limit()
}

// add counts the tokens of a unit and appends it, in parts if it is too long.
func (s *splitter) add(u unit) {
	if s.fits(&u) {
		s.push(u)
		return
	}
	if strings.IndexByte(s.text.Body[u.start:u.end], '\n') < 0 {
		s.addWords(u)
		return
	}
	rank := u.before
	eachLine(s.text.Body, u.start, u.end, cutPlain, func(part span) {
		start, end := trim(s.text.Body, part.start, part.end)
		l := u
		l.start, l.end, l.before = start, end, rank
		rank = cutPlain
		if s.fits(&l) {
			s.push(l)
		} else {
			s.addWords(l)
		}
	})
}

// group returns how many sections from i on are packed together: those that have
// nothing but a heading, and the one that follows.
func (s *splitter) group(i int) int {
	n := 1
	for s.sections[i+n-1].bare && i+n < len(s.sections) {
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

// packRuns appends the passages of some units. Furniture has its own.
func (s *splitter) packRuns(u []unit) {
	for len(u) > 0 {
		n := 1
		for n < len(u) && u[n].furniture == u[0].furniture {
			n++
		}
		s.pack(u[:n])
		u = u[n:]
	}
}

// pack appends the passages of some units.
func (s *splitter) pack(u []unit) {
	fresh := 0 // the first unit that no passage has yet
	anchor, rank := 0, bestRank(u)
	for start := 0; fresh < len(u); {
		if fresh == anchor {
			anchor = s.nextAnchor(u, fresh, rank)
		}
		limit := s.budget
		if anchor < len(u) {
			limit = evenly(u[start:anchor], limit)
		}
		end, tokens := start, 0
		for end < anchor && (end <= fresh || tokens+u[end].tokens <= limit) {
			tokens += u[end].tokens
			end++
		}
		if end < anchor {
			end = start + bestCut(u[start:end+1], fresh+1-start, limit)
		}
		s.out = append(s.out, document.Passage{
			Start:     u[start].start,
			End:       u[end-1].end,
			Heading:   s.headingOf(u[start:end]),
			Furniture: u[start].furniture,
		})
		alone := end-start == 1 // as before an anchor
		fresh, start = end, end
		if end < len(u) && !alone && s.overlaps(u[end-1], u[end]) {
			start = end - 1
		}
	}
}

// overlaps reports whether the last unit of a passage is repeated in the next,
// which begins with the unit next otherwise.
func (s *splitter) overlaps(last, next unit) bool {
	return !last.line && !next.line && !last.keep && !next.keep && !next.furniture && last.tokens <= s.budget/4 && last.tokens+next.tokens <= s.budget
}

// bestCut returns where to cut u, which is longer than the budget: at the best
// place from least on, within the second half of the budget, and at the last
// of several equally good ones. u[n] begins the next part. What announces
// something is not cut off where there is another place.
func bestCut(u []unit, least, budget int) int {
	best := len(u) - 1
	for best > least && u[best-1].keep {
		best--
	}
	if best > 0 && u[best-1].keep {
		best = len(u) - 1
	}
	tokens := 0
	for i, w := range u {
		if i >= max(least, 1) && tokens >= budget/2 && tokens <= budget && w.before >= u[best].before && !u[i-1].keep {
			best = i
		}
		tokens += w.tokens
	}
	return max(best, least, 1)
}

// headingOf returns the headings that lead to the text of a passage, its first
// if it has any: what is before that are the headings themselves. Headings without
// a text have those that lead to all of them.
func (s *splitter) headingOf(u []unit) []string {
	if u[0].furniture {
		return nil // it belongs to the page
	}
	path := s.sections[u[0].section].path
	for _, x := range u {
		next := s.sections[x.section].path
		if !x.heading {
			return slices.Clip(next)
		}
		n := 0
		for n < len(path) && n < len(next) && path[n] == next[n] {
			n++
		}
		path = path[:n]
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
