package ingest

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/clipperhouse/uax29/v2/words"
)

// addWords appends a unit that is too long in parts of whole words.
func (s *splitter) addWords(u unit) {
	body := s.text.Body
	var part []unit // the words since the last cut
	tokens, limit := 0, s.limit()
	flush := func(n int) {
		p := u
		p.start, p.end, p.tokens = part[0].start, part[n-1].end, 0
		for _, w := range part[:n] {
			p.tokens += w.tokens
		}
		s.push(p)
		limit = s.limit()
		part = append(part[:0], part[n:]...)
		tokens -= p.tokens
		u.before = cutPlain
	}
	rank := cutPlain
	clause := false
	for it := words.FromString(body[u.start:u.end]); it.Next(); {
		word := it.Value()
		w := unit{start: u.start + it.Start(), end: u.start + it.End(), before: rank}
		if r, _ := utf8.DecodeRuneInString(word); unicode.IsSpace(r) && strings.TrimSpace(word) == "" {
			rank = cutMinor
			if clause {
				rank = cutStrong
			}
			continue
		}
		w.tokens = s.count(word)
		clause = strings.Contains(",;:)，、；：」", word)
		rank = cutPlain
		if len(part) > 0 && part[len(part)-1].end == w.start && oneCharacter(body, w.start) {
			part[len(part)-1].end = w.end
			part[len(part)-1].tokens += w.tokens
		} else {
			part = append(part, w)
		}
		tokens += w.tokens
		for tokens > limit && len(part) > 1 {
			flush(bestCut(part, 1, limit))
		}
	}
	if len(part) > 0 {
		flush(len(part))
	}
}

// oneCharacter reports whether what is before and behind i belongs to one
// character as readers see it, although the annex on words parts it.
func oneCharacter(body string, i int) bool {
	if body[i-1] < 0x80 && body[i] < 0x80 {
		return false
	}
	last, before := utf8.DecodeLastRuneInString(body[:i])
	first, after := utf8.DecodeRuneInString(body[i:])
	if isFlagLetter(last) && isFlagLetter(first) {
		return false // the annex on words keeps the pairs; two letters do not tell them
	}
	it := graphemes.FromString(body[i-before : i+after])
	return it.Next() && it.End() == before+after
}

func isFlagLetter(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
