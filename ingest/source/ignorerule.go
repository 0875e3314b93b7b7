package source

import (
	"bytes"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// ignoreRule is one line of an ignore file (gitignore(5), "PATTERN FORMAT").
type ignoreRule struct {
	glob       string // in doublestar's syntax
	keep       bool   // the line began with '!'
	folderOnly bool   // it ended with '/'
	anywhere   bool   // no other '/': it is matched with the last element
}

// parseIgnore reads the lines of an ignore file. A line that is not a pattern
// matches nothing, as with git.
func parseIgnore(content []byte) []ignoreRule {
	var rules []ignoreRule
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	for line := range bytes.Lines(content) {
		s := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		if r, ok := parseIgnoreLine(s); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

func parseIgnoreLine(s string) (ignoreRule, bool) {
	var r ignoreRule
	if strings.HasPrefix(s, "#") {
		return r, false
	}
	s = trimIgnoreSpace(s)
	if strings.HasPrefix(s, "!") {
		r.keep, s = true, s[1:]
	}
	if strings.HasSuffix(s, "/") {
		r.folderOnly, s = true, s[:len(s)-1]
	}
	if s == "" {
		return r, false
	}
	r.anywhere = !strings.Contains(s, "/")
	r.glob = ignoreGlob(strings.TrimPrefix(s, "/"))
	return r, doublestar.ValidatePattern(r.glob)
}

// trimIgnoreSpace drops the spaces at the end that no backslash protects.
func trimIgnoreSpace(s string) string {
	end := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ':
			continue
		case '\\':
			i = min(i+1, len(s)-1)
		}
		end = i + 1
	}
	return s[:end]
}

// ignoreGlob translates a pattern to doublestar's syntax, which differs in
// these points: braces are alternatives there, a trailing "/**" matches the
// folder too, and classes have no names. What stays different is that a "?" or
// a class stands for a character, not for a byte.
func ignoreGlob(s string) string {
	var b strings.Builder
	class := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' && i+1 < len(s):
			b.WriteByte(c)
			i++
			b.WriteByte(s[i])
			continue
		case !class && (c == '{' || c == '}'):
			b.WriteByte('\\')
		case !class && c == '[':
			class = true
			b.WriteByte(c)
			// A ']' that comes first, or first after the negation, is a member.
			if i+1 < len(s) && (s[i+1] == '!' || s[i+1] == '^') {
				i++
				b.WriteByte('!')
			}
			if i+1 < len(s) && s[i+1] == ']' {
				i++
				b.WriteString(`\]`)
			}
			continue
		case class && strings.HasPrefix(s[i:], "[:"):
			if name, _, ok := strings.Cut(s[i+2:], ":]"); ok {
				b.WriteString(classMembers(name))
				i += len(name) + len("[::]") - 1
				continue
			}
		case class && c == ']':
			class = false
		}
		b.WriteByte(c)
	}
	glob := b.String()
	if strings.HasSuffix(glob, "/**") {
		glob += "/*"
	}
	return glob
}

// classMembers returns the characters of a POSIX class as a bracket
// expression lists them; nothing for a name that is not known.
func classMembers(name string) string {
	switch name {
	case "alpha":
		return "a-zA-Z"
	case "digit":
		return "0-9"
	case "alnum":
		return "a-zA-Z0-9"
	case "lower":
		return "a-z"
	case "upper":
		return "A-Z"
	case "xdigit":
		return "0-9A-Fa-f"
	case "space":
		return " \t\n\v\f\r"
	case "blank":
		return " \t"
	case "punct":
		return `!-/:-@\[-` + "`{-~"
	}
	return ""
}
