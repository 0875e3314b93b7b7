package modelstore

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// maxLanguages bounds what a card may name: some models are said to know a
// hundred.
const maxLanguages = 256

// cardLanguages returns the languages that a model's card names, as BCP 47
// tags. They are in the YAML at its beginning, under "language": one, a list on
// the line, or a list on the lines below.
func cardLanguages(card []byte) []string {
	rest, ok := strings.CutPrefix(strings.ReplaceAll(string(card), "\r\n", "\n"), "---\n")
	if !ok {
		return nil
	}
	var names []string
	below := false
	for line := range strings.Lines(rest) {
		line = strings.TrimRight(line, " \n")
		if line == "---" {
			break
		}
		if value, ok := strings.CutPrefix(line, "language:"); ok {
			value = strings.TrimSpace(value)
			below = value == ""
			names = append(names, strings.Split(strings.Trim(value, "[]"), ",")...)
		} else if item, ok := strings.CutPrefix(strings.TrimLeft(line, " "), "-"); ok && below {
			names = append(names, item)
		} else {
			below = false
		}
	}
	var tags []string
	for _, name := range names {
		tag, err := language.Parse(strings.Trim(name, ` "'`))
		if err != nil || tag == language.Und || slices.Contains(tags, tag.String()) || len(tags) == maxLanguages {
			continue
		}
		tags = append(tags, tag.String())
	}
	return tags
}
