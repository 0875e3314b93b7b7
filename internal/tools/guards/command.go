package main

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// command is a go test.
type command struct {
	from     string // where it stands
	text     string
	packages []string
	flags    map[string]string // "" of those without a value
}

func (c command) has(flag string) bool {
	_, ok := c.flags[flag]
	return ok
}

// patterns are the flags of which every alternative must match something.
var patterns = []string{"-run", "-skip", "-bench", "-fuzz"}

// valued are the other flags of go test in use whose value may be the next word.
var valued = []string{"-timeout", "-count", "-benchtime", "-fuzztime", "-coverprofile", "-cpuprofile", "-memprofile", "-tags", "-cpu", "-o", "-C"}

// commandsOf finds each go test in a text of commands, a line each.
func commandsOf(from, text string) []command {
	var all []command
	text = strings.ReplaceAll(text, "\\\n", " ")
	for line := range strings.Lines(text) {
		words := split(line)
		for i := 0; i+1 < len(words); i++ {
			if words[i] == "go" && words[i+1] == "test" {
				all = append(all, parse(from, words[i+2:]))
			}
		}
	}
	return all
}

func parse(from string, words []string) command {
	c := command{from: from, text: "go test " + strings.Join(words, " "), flags: map[string]string{}}
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "|" || w == "&&" || w == ";" || strings.HasPrefix(w, "#") || strings.HasPrefix(w, ">"):
			return c
		case strings.HasPrefix(w, "-"):
			name, value, given := strings.Cut("-"+strings.TrimLeft(w, "-"), "=")
			if !given && i+1 < len(words) && (slices.Contains(patterns, name) || slices.Contains(valued, name)) {
				i++
				value = words[i]
			}
			c.flags[name] = value
		case w == "." || strings.HasPrefix(w, "./"):
			c.packages = append(c.packages, w)
		}
	}
	return c
}

// split parts a line into words as a shell does, without substituting anything.
func split(line string) []string {
	var words []string
	var word strings.Builder
	quote, begun := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if begun || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
		}
	}
	if begun || word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

var spans = regexp.MustCompile("(?s)`([^`]+)`")

// codeOf returns the commands in a Markdown text, a line each: what stands between
// backquotes, also over the end of a line, and what is indented or fenced.
func codeOf(text string) string {
	var out, prose strings.Builder
	fenced := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced, strings.HasPrefix(line, "    ") && !strings.Contains(line, "`"):
			out.WriteString(line)
		default:
			prose.WriteString(line)
		}
	}
	for paragraph := range strings.SplitSeq(prose.String(), "\n\n") {
		for _, m := range spans.FindAllStringSubmatch(paragraph, -1) {
			out.WriteString(strings.Join(strings.Fields(m[1]), " ") + "\n")
		}
	}
	return out.String()
}

// checkCommands returns what is wrong with the commands.
func (t *tree) checkCommands() []string {
	var wrong []string
	for _, c := range t.commands {
		for _, problem := range t.check(c) {
			wrong = append(wrong, fmt.Sprintf("%s: %s: %s", c.from, c.text, problem))
		}
	}
	return wrong
}

func (t *tree) check(c command) []string {
	if len(c.packages) == 0 {
		return nil // of any package, as "go test -run ..." in a text
	}
	packages, err := t.match(c.packages)
	if err != nil {
		return []string{err.Error()}
	}
	var wrong []string
	for _, flag := range patterns {
		pattern := c.flags[flag]
		if pattern == "" || pattern == "^$" {
			continue
		}
		// What stands behind a slash are subtests, which only running them tells.
		top, _, _ := strings.Cut(pattern, "/")
		var names []string
		for _, p := range packages {
			switch flag {
			case "-bench":
				names = append(names, p.benchmarks...)
			case "-fuzz":
				names = append(names, p.fuzz...)
			default:
				names = slices.Concat(names, p.tests, p.fuzz, p.examples)
			}
		}
		parts, err := alternatives(top)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("%s %s: %v", flag, pattern, err))
			continue
		}
		for _, part := range parts {
			if !slices.ContainsFunc(names, part.MatchString) {
				wrong = append(wrong, fmt.Sprintf("%s: nothing matches %s", flag, part))
			}
		}
	}
	return wrong
}

// alternatives parts a pattern into one for each name that it lists: of
// ^Test(A|B)$ they are ^TestA$ and ^TestB$. A pattern that is no list is one.
func alternatives(pattern string) ([]*regexp.Regexp, error) {
	whole, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	texts, ok := expand(tree)
	if !ok {
		return []*regexp.Regexp{whole}, nil
	}
	var all []*regexp.Regexp
	for _, text := range texts {
		part, err := regexp.Compile(text)
		if err != nil {
			return nil, err
		}
		all = append(all, part)
	}
	return all, nil
}

// most is how many names a pattern may list.
const most = 100

// expand lists the patterns without alternatives that a pattern has; it is not ok
// where there are too many, or no end of them.
func expand(tree *syntax.Regexp) (texts []string, ok bool) {
	switch tree.Op {
	case syntax.OpEmptyMatch:
		return []string{""}, true
	case syntax.OpLiteral:
		return []string{regexp.QuoteMeta(string(tree.Rune))}, true
	case syntax.OpBeginText, syntax.OpBeginLine:
		return []string{"^"}, true
	case syntax.OpEndText, syntax.OpEndLine:
		return []string{"$"}, true
	case syntax.OpCapture:
		return expand(tree.Sub[0])
	case syntax.OpCharClass: // (A|B) is parsed as [A-B]
		return expandClass(tree.Rune)
	case syntax.OpAlternate:
		return expandAlternate(tree.Sub)
	case syntax.OpConcat:
		return expandConcat(tree.Sub)
	}
	return nil, false
}

func expandClass(ranges []rune) (texts []string, ok bool) {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if texts = append(texts, regexp.QuoteMeta(string(r))); len(texts) > most {
				return nil, false
			}
		}
	}
	return texts, true
}

func expandAlternate(subs []*syntax.Regexp) (texts []string, ok bool) {
	for _, sub := range subs {
		more, ok := expand(sub)
		if !ok || len(texts)+len(more) > most {
			return nil, false
		}
		texts = append(texts, more...)
	}
	return texts, true
}

func expandConcat(subs []*syntax.Regexp) (texts []string, ok bool) {
	texts = []string{""}
	for _, sub := range subs {
		more, ok := expand(sub)
		if !ok || len(texts)*len(more) > most {
			return nil, false
		}
		var next []string
		for _, a := range texts {
			for _, b := range more {
				next = append(next, a+b)
			}
		}
		texts = next
	}
	return texts, true
}
