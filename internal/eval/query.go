package eval

import "strings"

// plain takes the signs of the query syntax (index.ParseQuery) out of a query
// that is plain text, as those of test collections are.
func plain(text string) string {
	words := strings.Fields(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`":“”`, r) {
			return ' '
		}
		return r
	}, text))
	for i, w := range words {
		words[i] = strings.TrimLeft(w, "+-")
	}
	return strings.Join(words, " ")
}
