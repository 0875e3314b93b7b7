package structure

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Raised returns how a raised mark is written behind the text before it, so that
// it neither becomes a digit of a number nor a letter of a word:
//
//	1884 and 7, a note      1884 [7]
//	keeper and 7            keeper [7]
//	10 and 5                10^5
//	Gull. and 7             Gull. [7]
//	m and 2                 m2
//	4 and th                4th
//	Gull and TM             Gull TM
//
// note says that the mark is known to lead to a note. before is the text up to
// the mark, or the end of it; the result begins with what parts the two.
func Raised(before, mark string, note bool) string {
	mark = strings.TrimSpace(mark)
	last, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case mark == "":
		return ""
	case note:
		return apart(last) + bracketed(mark)
	case strings.IndexFunc(mark, isWordRune) < 0:
		return mark // an asterisk
	case unicode.IsPunct(last) && isNumber(mark) && !strings.ContainsRune("([{-/", last):
		return " " + bracketed(mark) // behind the sentence
	case !isWordRune(last):
		return mark
	case strings.HasPrefix(mark, "["), strings.HasPrefix(mark, "("):
		return " " + mark
	case unicode.IsDigit(last):
		if isOrdinal(mark) {
			return mark
		}
		return "^" + mark
	case isNumber(mark):
		if isUnit(before) {
			return mark
		}
		return " " + bracketed(mark)
	case unicode.IsUpper(last) && isLower(mark), strings.EqualFold(string(last)+mark, "no"):
		return mark
	}
	return " " + mark
}

// Lowered is Raised for a lowered mark: CO2, H2O, x_i, 10_2.
func Lowered(before, mark string) string {
	mark = strings.TrimSpace(mark)
	last, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case mark == "" || !isWordRune(last):
		return mark
	case strings.IndexFunc(mark, unicode.IsSpace) >= 0:
		return " " + mark
	case isNumber(mark) && !unicode.IsDigit(last):
		return mark
	}
	return "_" + mark
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// apart is what goes between last and a note in brackets.
func apart(last rune) string {
	if last == utf8.RuneError || unicode.IsSpace(last) {
		return ""
	}
	return " "
}

// bracketed puts a mark in brackets unless it has some.
func bracketed(mark string) string {
	if strings.HasPrefix(mark, "[") || strings.HasPrefix(mark, "(") {
		return mark
	}
	return "[" + mark + "]"
}

// isNumber reports whether a mark has digits and signs only, as "-1" or "3, 4".
func isNumber(mark string) bool {
	return strings.IndexFunc(mark, unicode.IsDigit) >= 0 && strings.IndexFunc(mark, unicode.IsLetter) < 0
}

// isOrdinal reports whether a mark behind a number ends a word, as in 4th and
// 1re. A single letter is an exponent, but for those of Romance languages.
func isOrdinal(mark string) bool {
	return isLower(mark) && (utf8.RuneCountInString(mark) > 1 || strings.Contains("aoeèrºª", mark))
}

// isLower reports whether a mark is of small letters.
func isLower(mark string) bool {
	return strings.IndexFunc(mark, func(r rune) bool { return !unicode.IsLower(r) && r != 'º' && r != 'ª' && r != '.' }) < 0
}

// isUnit reports whether the text ends with a unit of measure that stands by
// itself or behind a number, or with the symbol of an ion or element.
func isUnit(before string) bool {
	end := len(before)
	for end > 0 {
		r, n := utf8.DecodeLastRuneInString(before[:end])
		if !unicode.IsLetter(r) {
			break
		}
		end -= n
	}
	switch before[end:] {
	case "m", "km", "hm", "dam", "dm", "cm", "mm", "µm", "μm", "nm", "in", "ft", "yd", "mi", "s", "sec", "kg", "g", "N", "K", "T",
		"м", "км", "дм", "см", "мм", "x", "y", "z", "n", "r", "R", "e", "σ", "χ":
		return true
	}
	return false
}
