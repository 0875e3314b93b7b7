package office

import (
	"strconv"
	"strings"
	"unicode"
)

// symbol returns the character that a font of symbols shows for a code, as far as it
// is known; other characters stand for themselves. The fonts have their codes from
// F000 on.
func symbol(font, code string) string {
	n, err := strconv.ParseUint(code, 16, 32)
	if err != nil || n < ' ' {
		return ""
	}
	r := rune(n)
	if r >= 0xF000 && r <= 0xF0FF {
		r -= 0xF000
	}
	switch {
	case strings.EqualFold(font, "Symbol"):
		return symbolFont(r)
	case strings.HasPrefix(strings.ToLower(font), "wingdings"):
		return wingdings[r]
	case n >= 0xE000 && n <= 0xF8FF || !unicode.IsPrint(r):
		return ""
	}
	return string(r)
}

// symbolFont is what the font Symbol shows.
func symbolFont(r rune) string {
	switch {
	case r >= 'a' && r <= 'z':
		return string([]rune("αβχδεφγηιϕκλμνοπθρστυϖωξψζ")[r-'a'])
	case r >= 'A' && r <= 'Z':
		return string([]rune("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ")[r-'A'])
	case r < 0x7F:
		return string(r)
	}
	return map[rune]string{
		0xA3: "≤", 0xA5: "∞", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×",
		0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xC5: "⊕", 0xC7: "∩", 0xC8: "∪", 0xCE: "∈", 0xD1: "∇",
		0xD5: "∏", 0xD6: "√", 0xDB: "⇔", 0xDE: "⇒", 0xE5: "∑", 0xF2: "∫",
	}[r]
}

var wingdings = map[rune]string{
	0x6C: "●", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE1: "↑", 0xE2: "↓",
	0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
}
