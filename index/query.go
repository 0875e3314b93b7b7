package index

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/internal/errkind"
)

// ErrEmptyQuery: a query names nothing to look for.
var ErrEmptyQuery = errkind.New(errkind.Usage, "the query has nothing to look for")

// ParseQuery reads what a user types:
//
//	gear ratio          words; passages with more and rarer ones come first
//	"gear ratio"        the words must stand one after the other
//	+gear               the word is required
//	-gear  -"gear box"  the word or phrase is excluded
//	title:gear          looks in one field: title, heading, text or path
//	+path:manuals       all together, the sign first
//
// As a grammar, with items separated by white space:
//
//	query  = item { item }
//	item   = [ "+" | "-" ] [ field ":" ] ( phrase | word )
//	field  = "title" | "heading" | "text" | "path"
//	phrase = quote { any character but a quote } quote
//
// A quote is ", “ or ”, and the last one may be missing. A phrase is required
// unless it is excluded. Words without sign and field that follow each other
// become one clause. A sign or field with nothing behind it is a word, and so
// is a name before a colon that is not a field, as in a URL.
//
// A query that excludes only, or is empty, is an ErrEmptyQuery. Nothing else
// is an error.
func ParseQuery(s string) (Query, error) {
	var q Query
	wanted := false
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		var c Clause
		c, s = parseItem(s)
		if c.Text == "" {
			continue // empty quotes
		}
		wanted = wanted || c.Occur != MustNot
		if n := len(q.Clauses); n > 0 && c.isPlain() && q.Clauses[n-1].isPlain() {
			q.Clauses[n-1].Text += " " + c.Text
			continue
		}
		q.Clauses = append(q.Clauses, c)
	}
	if !wanted {
		return Query{}, ErrEmptyQuery
	}
	return q, nil
}

func (c Clause) isPlain() bool { return c.Occur == Should && c.Field == "" && !c.Phrase }

// parseItem reads the item at the start of s, which is not white space, and
// returns the rest.
func parseItem(s string) (c Clause, rest string) {
	word, after := s, ""
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		word, after = s[:i], s[i:]
	}
	body := s
	switch body[0] {
	case '+':
		c.Occur, body = Must, body[1:]
	case '-':
		c.Occur, body = MustNot, body[1:]
	}
	for _, field := range []string{"title", "heading", "text", "path"} {
		if v, ok := strings.CutPrefix(body, field+":"); ok {
			c.Field, body = field, v
			break
		}
	}
	r, size := utf8.DecodeRuneInString(body)
	switch {
	case body == "" || unicode.IsSpace(r):
		return Clause{Text: word}, after
	case isQuote(r):
		body = body[size:]
		c.Phrase = true
		if c.Occur == Should {
			c.Occur = Must
		}
		c.Text, rest = body, ""
		if end := strings.IndexFunc(body, isQuote); end >= 0 {
			_, size := utf8.DecodeRuneInString(body[end:])
			c.Text, rest = body[:end], body[end+size:]
		}
		c.Text = strings.Join(strings.Fields(c.Text), " ")
		return c, rest
	}
	c.Text = body[:len(body)-len(after)]
	return c, after
}

func isQuote(r rune) bool { return r == '"' || r == '“' || r == '”' }
