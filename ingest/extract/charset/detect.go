package charset

import (
	"bytes"
	"slices"
	"sync"

	"golang.org/x/text/unicode/norm"
)

// Guess is what the set of a text probably is.
type Guess struct {
	Charset *Charset
	// Sure reports whether no other set gives a text that is nearly as probable.
	Sure bool
	// Other is the next one; nil if there is none.
	Other *Charset
	// Text reports whether what the set makes of the bytes looks like text at
	// all, and not like data.
	Text bool
}

const (
	// sampleBytes is how much of a text is looked at: the words that have bytes
	// that are not ASCII, spread over all of it.
	sampleBytes = 6 << 10
	// firstBytes of it are enough to leave most sets and languages out.
	firstBytes = 512
	// kept is how many pairs of set and language are left then.
	kept = 8
	// maxWord is where a word without an end is cut.
	maxWord = 1000
	// wordsBeside is how many words on each side of such a word are looked at.
	wordsBeside = 2
	// maxBeside is how long a word beside such a word may be: what is longer is
	// no word.
	maxBeside = 24
	// textCost is what a byte of a text costs at most, and shortText how many more
	// bytes are allowed for, since a few are no measure. Texts in a language that
	// is not known cost half as much, and data more.
	textCost  = 20
	shortText = 8
	// sureBy is how much less probable another text has to be, in quarters of a
	// nat: by twenty times.
	sureBy = 12
	// strange is what a letter of a set of other languages costs in an English
	// text, which has none of its own: its foreign names are mostly in the
	// western set.
	strange = 12
)

// candidate is a set, and how much less frequent it is than the most frequent.
type candidate struct {
	*Charset
	prior     int
	western   bool // made for the languages of western Europe
	languages []*language
	signs     *[256]sign // of a set of one byte each; nil for others
}

// priors are the sets that a text without a declaration may be in, in quarters
// of a nat. Of two that give the same text the one with the lower prior is
// taken, and of those the first.
var priors = []struct {
	name  string
	prior int
}{
	{"windows-1252", 0}, {"windows-1251", 1}, {"windows-1250", 2}, {"windows-1253", 4}, {"windows-1254", 4}, {"windows-1255", 4}, {"windows-1256", 4},
	{"windows-1257", 6}, {"windows-1258", 6}, {"windows-874", 4}, {"iso-8859-2", 4}, {"koi8-r", 4}, {"iso-8859-5", 8}, {"iso-8859-7", 6}, {"iso-8859-8", 6},
	{"iso-8859-6", 6}, {"iso-8859-15", 6}, {"iso-8859-13", 9}, {"iso-8859-4", 12}, {"iso-8859-16", 12}, {"iso-8859-3", 12}, {"iso-8859-10", 14}, {"iso-8859-14", 16},
	{"koi8-u", 6}, {"ibm866", 14}, {"ibm850", 18}, {"ibm852", 16}, {"ibm437", 18}, {"ibm855", 18}, {"ibm857", 18}, {"ibm737", 18}, {"ibm775", 20}, {"ibm862", 20},
	{"ibm720", 20}, {"ibm861", 22}, {"ibm865", 22}, {"ibm863", 22}, {"ibm860", 22}, {"ibm869", 22}, {"ibm1125", 20}, {"x-mac-cyrillic", 16}, {"macintosh", 16},
	{"x-mac-centraleurroman", 18}, {"x-mac-greek", 20}, {"x-mac-turkish", 20}, {"x-mac-icelandic", 22}, {"x-mac-croatian", 22}, {"x-mac-romanian", 22},
	{"kz-1048", 10}, {"ptcp154", 12},
	{"gb18030", 0}, {"big5", 0}, {"shift_jis", 0}, {"euc-jp", 0}, {"euc-kr", 0}, {"johab", 12},
}

// western are the sets among them that were made for western Europe.
var western = []string{"windows-1252", "iso-8859-15", "macintosh", "ibm850", "ibm437"}

// candidates are made once, which takes some milliseconds.
var candidates = sync.OnceValue(func() []*candidate {
	s := letterStatistics()
	var out []*candidate
	for _, p := range priors {
		c, ok := Get(p.name)
		if !ok {
			panic("charset: no set " + p.name) // it is part of the program
		}
		k := &candidate{Charset: c, prior: p.prior, western: slices.Contains(western, p.name)}
		// Its marks stand behind their letters, so that it is no table for scoring.
		vietnamese := p.name == "windows-1258"
		if c.single != nil && !vietnamese {
			k.signs = new([256]sign)
			for i, r := range c.single {
				k.signs[i] = s.sign(r)
			}
		}
		for _, l := range s.languages {
			if vietnamese && l.name == "vi" || !vietnamese && (c.single == nil) == (l.characters != nil) && (c.single == nil || s.writes(c, l)) {
				k.languages = append(k.languages, l)
			}
		}
		out = append(out, k)
	}
	return out
})

// writes reports whether a set has the letters of a language, but for rare
// ones.
func (s *statistics) writes(c *Charset, l *language) bool {
	const common = 30 // one in 1,800
	has := make([]bool, len(s.ids)+1)
	for _, r := range c.single {
		has[s.sign(r).id] = true
	}
	for id, local := range l.local {
		if local > 0 && l.first[local-1] <= common && !has[id] {
			return false
		}
	}
	return true
}

// Detect returns the set that b is most probably in, which is not UTF-8. It is
// judged by the letters that a set makes of the bytes, in the languages that
// have them.
func Detect(b []byte) Guess {
	if c := Escaped(b); c != nil {
		return Guess{Charset: c, Sure: true, Text: true}
	}
	whole := newEvidence(sample(b, sampleBytes), b)
	g := whole.guess(whole.rank(distinct(candidates(), &whole.present)))
	if g.Charset.Name == "gb18030" && !hasFourBytes(b) {
		g.Charset, _ = Get("gbk") // the usual name of what it has in two bytes
	}
	return g
}

// hasFourBytes reports whether b may have a character of GB18030 that takes four
// bytes: their second and fourth are digits.
func hasFourBytes(b []byte) bool {
	for i := 3; i < len(b); i++ {
		if b[i-3] >= 0x81 && b[i-1] >= 0x81 && isDigit(b[i-2]) && isDigit(b[i]) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// evidence is what of a text is looked at.
type evidence struct {
	text    []byte
	pairs   []pair
	present [256]bool // the bytes that occur, also elsewhere
}

// pair is how often a byte stands behind another.
type pair struct {
	before, byte uint8
	n            int
}

func newEvidence(text, whole []byte) *evidence {
	e := &evidence{text: text}
	for _, c := range whole {
		e.present[c] = true
	}
	counts := map[uint16]int{}
	before := byte(' ')
	for _, c := range text {
		counts[uint16(before)<<8|uint16(c)]++
		before = c
	}
	for k, n := range counts {
		e.pairs = append(e.pairs, pair{uint8(k >> 8), uint8(k), n})
	}
	return e
}

// trial is a set and the languages that it is tried with.
type trial struct {
	*candidate
	languages []*language
}

// distinct leaves sets out that make the same text of the bytes as another of a
// lower prior, which is tried with their languages, too.
func distinct(all []*candidate, present *[256]bool) []trial {
	var out []trial
	for _, c := range all {
		i := -1
		if c.signs != nil {
			i = slices.IndexFunc(out, func(d trial) bool { return d.signs != nil && d.prior <= c.prior && sameText(c, d.candidate, present) })
		}
		if i < 0 {
			out = append(out, trial{c, slices.Clone(c.languages)})
			continue
		}
		for _, l := range c.languages {
			if !slices.Contains(out[i].languages, l) {
				out[i].languages = append(out[i].languages, l)
			}
		}
	}
	return out
}

func sameText(c, d *candidate, present *[256]bool) bool {
	for i := range c.single {
		if present[i] && c.single[i] != d.single[i] {
			return false
		}
	}
	return true
}

// scored is a set with a language, and how improbable the text is in them.
type scored struct {
	*candidate
	language *language
	cost     int
}

// rank scores all languages of the sets, by the beginning of the evidence first
// and those that are best by all of it.
func (e *evidence) rank(sets []trial) []scored {
	first := e
	if len(e.text) > firstBytes {
		first = newEvidence(sample(e.text, firstBytes), nil)
	}
	var all []scored
	for _, c := range sets {
		all = append(all, first.score(c.candidate, c.languages)...)
	}
	sortByCost(all)
	if first == e {
		return all
	}
	var again []scored
	left := map[*candidate][]*language{}
	for _, p := range all[:min(len(all), kept)] {
		left[p.candidate] = append(left[p.candidate], p.language)
	}
	for _, c := range sets {
		if l := left[c.candidate]; l != nil {
			again = append(again, e.score(c.candidate, l)...)
		}
	}
	sortByCost(again)
	return again
}

// sortByCost keeps the order of equals, so that the first set comes first.
func sortByCost(pairs []scored) {
	slices.SortStableFunc(pairs, func(a, b scored) int { return a.cost - b.cost })
}

// score returns the cost of the evidence in a set, for some languages.
func (e *evidence) score(c *candidate, languages []*language) []scored {
	out := make([]scored, 0, len(languages))
	if c.signs != nil {
		unseen := e.unseen(c)
		for _, l := range e.likely(c, languages) {
			cost := c.prior + unseen
			for _, p := range e.pairs {
				cost += p.n * l.step(&c.signs[p.before], &c.signs[p.byte])
				if p.byte >= 0x80 && !c.western && l.name == "en" && c.signs[p.byte].id > 0 {
					cost += p.n * strange
				}
			}
			out = append(out, scored{c, l, cost})
		}
		return out
	}
	text, err := c.Decode(e.text)
	if err != nil {
		return nil
	}
	if c.single != nil {
		text = norm.NFC.String(text) // marks stand behind their letters
	}
	signs := letterStatistics().signs(text)
	for _, l := range languages {
		cost, prev := c.prior, &sign{r: ' '}
		for i := range signs {
			cost += l.step(prev, &signs[i])
			prev = &signs[i]
		}
		out = append(out, scored{c, l, cost})
	}
	return out
}

// likely leaves languages out that have none of the letters beyond ASCII that a
// set makes of the text. The first stays for a text without such letters.
func (e *evidence) likely(c *candidate, languages []*language) []*language {
	var letters []uint16
	seen := [256]bool{}
	for _, p := range e.pairs {
		if id := c.signs[p.byte].id; p.byte >= 0x80 && id > 0 && !seen[p.byte] {
			letters = append(letters, id)
			seen[p.byte] = true
		}
	}
	var out []*language
	for _, l := range languages {
		if slices.ContainsFunc(letters, func(id uint16) bool { return l.local[id] > 0 }) {
			out = append(out, l)
		}
	}
	if len(out) == 0 {
		return languages[:1]
	}
	return out
}

// unseen is the cost of bytes that occur outside of what is scored, and are no
// characters of the set.
func (e *evidence) unseen(c *candidate) int {
	cost := 0
	for i, present := range e.present {
		if present && c.signs[i].class == invalid && i >= 0x80 {
			cost += classCosts[invalid]
		}
	}
	return cost
}

// Plausible reports whether b may be in a set: of its characters beyond ASCII at
// most a tenth are none of the set, or controls.
func Plausible(c *Charset, b []byte) bool {
	text := sample(b, sampleBytes)
	decoded, err := c.Decode(text)
	if err != nil {
		return false
	}
	bad, all := 0, 0
	for _, r := range decoded {
		if r >= 0x80 {
			all++
			if classOf(r) == invalid {
				bad++
			}
		}
	}
	return 10*bad <= all
}

// guess is the first of the ranked sets, and how sure that is.
func (e *evidence) guess(ranked []scored) Guess {
	best := ranked[0]
	// With no byte beyond ASCII there is nothing to be judged by.
	g := Guess{Charset: best.Charset, Sure: true, Text: best.cost <= textCost*(len(e.text)+shortText)}
	first, _ := best.Decode(e.text)
	for _, p := range ranked[1:] {
		if p.candidate == best.candidate {
			continue
		}
		if other, _ := p.Decode(e.text); other != first {
			g.Other, g.Sure = p.Charset, p.cost-best.cost >= sureBy
			break
		}
	}
	return g
}

// sample returns the words of b that have bytes that are not ASCII, with a space
// behind each, and so many of them, spread over b, that they are about limit
// bytes together.
func sample(b []byte, limit int) []byte {
	total := 0
	for w := range wordsOf(b) {
		total += len(w) + 1
	}
	out := make([]byte, 0, min(total, limit+maxWord))
	taken, passed := 0, 0
	for w := range wordsOf(b) {
		// Taken is what the share of those passed allows.
		if total <= limit || taken*total <= passed*limit {
			out = append(append(out, w...), ' ')
			taken += len(w) + 1
		}
		passed += len(w) + 1
	}
	return out
}

// wordsOf yields what stands between white space and has a byte that is not
// ASCII, and the words beside it, whose letters say something of the language.
// A long word is cut, and the rest of it left out: where one of its characters
// begins is not known.
func wordsOf(b []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		var before [][]byte // plain words before, that were not yielded
		behind := 0         // how many are still yielded
		for len(b) > 0 {
			n, high := wordAt(b)
			word := b[:min(n, maxWord)]
			b = b[min(len(b), n+1):]
			switch {
			case high:
				for _, w := range append(before, word) {
					if !yield(w) {
						return
					}
				}
				before, behind = before[:0], wordsBeside
			case n == 0: // more white space
			case !isPlainWord(word):
				before, behind = before[:0], 0
			case behind > 0:
				if !yield(word) {
					return
				}
				behind--
			default:
				before = append(before[len(before)/wordsBeside:], word)
			}
		}
	}
}

// isPlainWord reports whether b has letters and perhaps a sign behind them, as
// in prose: names of elements, numbers and addresses are of no language.
func isPlainWord(b []byte) bool {
	if len(b) > 1 && bytes.IndexByte([]byte(",.;:!?"), b[len(b)-1]) >= 0 {
		b = b[:len(b)-1]
	}
	for _, c := range b {
		if c |= 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return len(b) > 0 && len(b) <= maxBeside
}

// wordAt returns the length of the word at the start of b, and whether it has a
// byte that is not ASCII.
func wordAt(b []byte) (n int, high bool) {
	for n < len(b) && b[n] > ' ' {
		high = high || b[n] >= 0x80
		n++
	}
	return n, high
}

// Escaped returns the set of seven bits that the escape sequences of b belong
// to, nil if there are none.
func Escaped(b []byte) *Charset {
	i := bytes.IndexByte(b, 0x1b)
	for _, s := range []struct{ sequence, name string }{
		{designatorKR, "iso-2022-kr"}, {"\x1b$B", "iso-2022-jp"}, {"\x1b$@", "iso-2022-jp"}, {"\x1b$(D", "iso-2022-jp"},
	} {
		if i >= 0 && bytes.Contains(b[i:], []byte(s.sequence)) {
			c, _ := Get(s.name)
			return c
		}
	}
	return nil
}
