package main

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// word is one that is banned, or several in a row.
type word struct {
	name, instead, why string
	pattern            *regexp.Regexp
}

func (w word) advice() string {
	if w.instead == "" {
		return w.why
	}
	return fmt.Sprintf("write %s (%s)", w.instead, w.why)
}

// found is a banned word on a line, from 1.
type found struct {
	word word
	line int
}

// parseList reads the table under "Banned words": the words, separated by commas,
// what to write instead, and why. A word at whose end a * stands bans all that begin
// so. Capital letters count only where a word has no others.
func parseList(text string) ([]word, error) {
	_, section, ok := strings.Cut(text, "\n## Banned words\n")
	if !ok {
		return nil, errors.New(`there is no section "Banned words"`)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var words []word
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 3 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "banned" {
			continue
		}
		for name := range strings.SplitSeq(cells[0], ",") {
			name = strings.Trim(strings.TrimSpace(name), "`")
			if name == "" {
				return nil, fmt.Errorf("a row without a word: %s", strings.TrimSpace(line))
			}
			words = append(words, word{
				name: name, instead: strings.TrimSpace(cells[1]), why: strings.TrimSpace(cells[2]), pattern: patternOf(name),
			})
		}
	}
	if len(words) == 0 {
		return nil, errors.New(`the section "Banned words" has no table of words`)
	}
	return words, nil
}

func patternOf(name string) *regexp.Regexp {
	stem, open := strings.CutSuffix(name, "*")
	parts := strings.Fields(stem)
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	// Words of a sentence may be parted by the end of a line and the mark of a
	// comment.
	pattern := `\b` + strings.Join(parts, `[\s/#*]+`)
	if strings.ToUpper(name) != name { // TODO is a mark, todo a word
		pattern = `(?i)` + pattern
	}
	if !open {
		pattern += `\b`
	}
	return regexp.MustCompile(pattern)
}

// find returns the banned words in a file. Of Go files comments, strings and the
// parts of names are searched, of others all.
func find(name string, text []byte, words []word) []found {
	if filepath.Ext(name) != ".go" {
		return findIn(string(text), 1, words)
	}
	var out []found
	files := token.NewFileSet()
	file := files.AddFile(name, -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, scanner.ScanComments)
	var comments strings.Builder // in a row: a sentence goes on on the next line
	first, last := 0, 0
	flush := func() {
		out = append(out, findIn(comments.String(), first, words)...)
		comments.Reset()
	}
	for {
		pos, tok, literal := s.Scan()
		line := file.Line(pos)
		if tok == token.COMMENT {
			if comments.Len() > 0 && line != last+1 {
				flush()
			}
			if comments.Len() == 0 {
				first = line
			}
			comments.WriteString(literal + "\n")
			last = line + strings.Count(literal, "\n")
			continue
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		flush()
		switch tok {
		case token.EOF:
			return out
		case token.STRING:
			out = append(out, findIn(literal, line, words)...)
		case token.IDENT:
			out = append(out, findIn(spaced(literal), line, words)...)
		}
	}
}

func findIn(text string, line int, words []word) []found {
	var out []found
	for _, w := range words {
		for _, at := range w.pattern.FindAllStringIndex(text, -1) {
			out = append(out, found{w, line + strings.Count(text[:at[0]], "\n")})
		}
	}
	return out
}

// spaced parts the words of a name: "startAnew" is "start Anew".
func spaced(name string) string {
	var out strings.Builder
	lower := false
	for _, r := range name {
		switch {
		case r == '_':
			r = ' '
		case unicode.IsUpper(r) && lower:
			out.WriteByte(' ')
		}
		lower = unicode.IsLower(r)
		out.WriteRune(r)
	}
	return out.String()
}
