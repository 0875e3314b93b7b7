package qa

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/internal/squadtext"
)

// complete moves the ends of an answer to those of the names that they are in:
// a path, an option, a host, an e-mail address, an identifier, a version. A
// model's tokens end at every sign, names do not. An amount gets its sign, its
// currency and what is written onto it ("%", "°C").
func complete(text string, start, end int) (int, int) {
	if start >= end {
		return start, end
	}
	if from, to := nameAround(text, start); from <= start && start < to {
		if isPort(text, from, start, end) {
			return start, end
		}
		start = from
	}
	if from, to := nameAround(text, end-1); from < end && end < to {
		end = to
	}
	return signBefore(text, start), unitBehind(text, start, end)
}

// nameAround returns the byte range of the name that holds the byte at; an empty
// one where what is there is no name but words.
func nameAround(text string, at int) (int, int) {
	from := strings.LastIndexFunc(text[:at], squadtext.IsSpace)
	if from >= 0 {
		_, n := utf8.DecodeRuneInString(text[from:])
		from += n
	}
	from = max(from, 0)
	to := len(text)
	if i := strings.IndexFunc(text[at:], squadtext.IsSpace); i >= 0 {
		to = at + i
	}
	const longest = 1000 // bytes; what is longer is data
	if to-from > longest {
		return at, at
	}
	from, to = unwrap(text, from, to)
	if from > at || at >= to {
		return at, at
	}
	name := text[from:to]
	if i := strings.IndexByte(name, '='); i > 0 && strings.HasPrefix(name, "-") {
		if from+i <= at {
			return at, at // the value of an option
		}
		name = name[:i]
	}
	if !isName(name) {
		return at, at
	}
	return from, from + len(name)
}

// unwrap takes off what stands around a name in a sentence: quotation marks,
// brackets that are not part of it, punctuation.
func unwrap(text string, from, to int) (int, int) {
	for from < to {
		s := text[from:to]
		first, n := utf8.DecodeRuneInString(s)
		last, m := utf8.DecodeLastRuneInString(s)
		switch {
		case strings.ContainsRune("\"'`*,;:!?|<>«“‘…•([{)]}", first):
			from += n
		case first == '_' && last == '_' && len(s) > 2 && strings.Count(s, "_") == 2:
			from, to = from+n, to-m // emphasis
		case strings.ContainsRune("\"'`*,;:!?|<>»”’….", last):
			to -= m
		case last == ')' && closes(s, '(', ')'), last == ']' && closes(s, '[', ']'), last == '}' && closes(s, '{', '}'):
			return from, to
		case strings.ContainsRune("([{)]}", last):
			to -= m
		default:
			return from, to
		}
	}
	return from, to
}

// closes reports whether the last bracket of s was opened in it.
func closes(s string, open, shut rune) bool {
	return strings.Count(s, string(open)) >= strings.Count(s, string(shut))
}

// isName reports whether what stands between blanks is one name, by what is in
// it, rather than a word or several that are joined by a sign.
func isName(s string) bool {
	return isAddress(s) || isPath(s) || isOption(s) || isDotted(s) || isIdentifier(s) || isCall(s) || isModel(s)
}

func isAddress(s string) bool {
	if strings.Contains(s, "://") {
		return true
	}
	user, host, ok := strings.Cut(s, "@")
	return ok && user != "" && strings.Contains(host, ".")
}

// isPath reports whether s is the path of a file: from a root on, or of two
// separators or more. Of one only, as in "and/or", it is not known.
func isPath(s string) bool {
	for _, root := range []string{"/", "~/", "./", "../"} {
		if rest, ok := strings.CutPrefix(s, root); ok && rest != "" {
			first, _ := utf8.DecodeRuneInString(rest)
			return squadtext.IsWord(first) || strings.ContainsRune("._$", first)
		}
	}
	if i := strings.IndexByte(s, '\\'); i > 0 && i < len(s)-1 {
		return true
	}
	return strings.Count(strings.Trim(s, "/"), "/") > 1 && strings.IndexFunc(s, unicode.IsLetter) >= 0
}

// isOption reports whether s is an option of a command: "-v", "--log-level".
func isOption(s string) bool {
	name := strings.TrimLeft(s, "-")
	first, _ := utf8.DecodeRuneInString(name)
	dashes := len(s) - len(name)
	return 1 <= dashes && dashes <= 2 && unicode.IsLetter(first)
}

// isDotted reports whether s is the name of a file, a host, a module or a
// version: parts with full stops between them. Before a capital a full stop may
// as well end a sentence ("now.Then").
func isDotted(s string) bool {
	letters := false
	for i, r := range s {
		letters = letters || unicode.IsLetter(r)
		if r != '.' {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+1:])
		switch {
		case i == 0 && unicode.IsLetter(next):
			return true // ".profile", ".NET"
		case i == 0, !unicode.IsLower(next) && !unicode.IsDigit(next):
			return false
		}
	}
	return letters && strings.Contains(s, ".") && strings.IndexFunc(s, notInDotted) < 0
}

func notInDotted(r rune) bool { return !squadtext.IsWord(r) && !strings.ContainsRune(".-_+~", r) }

// isIdentifier reports whether s is a name of a program's text: with
// underscores, with a sign for variables, of parts joined by "::" or "->".
func isIdentifier(s string) bool {
	if strings.Contains(s, "::") || strings.Contains(s, "->") {
		return true
	}
	rest := strings.TrimLeft(s, "$@%")
	if strings.IndexFunc(rest, func(r rune) bool { return !squadtext.IsWord(r) && !strings.ContainsRune("_.-{}", r) }) >= 0 {
		return false
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, "_{"))
	return unicode.IsLetter(first) && (len(rest) < len(s) || strings.Contains(strings.TrimRight(rest, "_"), "_"))
}

// isCall reports whether s is a function or a page of a manual: "open()",
// "login(1)".
func isCall(s string) bool {
	name, section, ok := strings.Cut(s, "(")
	if !ok || !strings.HasSuffix(section, ")") || name == "" {
		return false
	}
	section = strings.TrimSuffix(section, ")")
	return strings.IndexFunc(name, notInDotted) < 0 &&
		(section == "" || isDigit(section[0]) && len(section) <= len("3pm"))
}

// isModel reports whether s is a name that ends in signs or in a number: "C++",
// "C#", "UTF-8", "ISO-8859-1". Years do not belong to what is before them.
func isModel(s string) bool {
	if bare := strings.TrimRight(s, "+#"); bare != s {
		return bare != "" && len(s)-len(bare) <= 2 && strings.IndexFunc(bare, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
	}
	head, number, ok := strings.Cut(s, "-")
	return ok && head != "" && number != "" && isDigit(number[0]) &&
		strings.IndexFunc(head, unicode.IsLower) < 0 && strings.IndexFunc(head, unicode.IsUpper) >= 0 &&
		strings.IndexFunc(number, notInDotted) < 0
}

// isPort reports whether the answer is a number behind a colon of the name from
// from on, as the port of an address: it is an answer of its own.
func isPort(text string, from, start, end int) bool {
	return start > from && text[start-1] == ':' && strings.Trim(text[start:end], "0123456789") == ""
}

// signBefore returns where an amount begins: at its sign or its currency.
func signBefore(text string, start int) int {
	if !isDigit(text[start]) && text[start] != '.' {
		return start
	}
	for range 2 { // "-$5"
		r, n := utf8.DecodeLastRuneInString(text[:start])
		switch {
		case n == 0:
			return start
		case unicode.Is(unicode.Sc, r), r == '#' && standsAlone(text[:start-n]):
		case strings.ContainsRune("-+±~−–", r) && standsAlone(text[:start-n]):
		default:
			return start
		}
		start -= n
	}
	return start
}

// standsAlone reports whether before is the beginning of something, so that a
// sign behind it belongs to what comes.
func standsAlone(before string) bool {
	r, n := utf8.DecodeLastRuneInString(before)
	return n == 0 || squadtext.IsSpace(r) || strings.ContainsRune("([{\"'`|=:<>≤≥", r)
}

// unitBehind returns where an amount ends: behind the sign that is written onto
// it, and a unit with its slash.
func unitBehind(text string, start, end int) int {
	last, _ := utf8.DecodeLastRuneInString(text[start:end])
	if unicode.IsDigit(last) {
		for _, unit := range []string{"%", "‰", "°C", "°F", "°", "€", "$", "£", "¥"} {
			if strings.HasPrefix(text[end:], unit) {
				return end + len(unit)
			}
		}
		return end
	}
	if unit := perUnit(text[end:]); unit > 0 && strings.IndexFunc(text[start:end], unicode.IsDigit) >= 0 {
		return end + unit
	}
	return end
}

// perUnit returns the length of the "/h" of a unit at the beginning of s, 0 if
// there is none.
func perUnit(s string) int {
	if !strings.HasPrefix(s, "/") {
		return 0
	}
	n := 1
	for n < len(s) && (unicode.IsLetter(rune(s[n])) || isDigit(s[n])) && s[n] < utf8.RuneSelf {
		n++
	}
	const longest = 3 // "/min" is a word as well as a unit
	if n == 1 || n-1 > longest {
		return 0
	}
	return n
}
