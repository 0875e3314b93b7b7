package office

import (
	"encoding/xml"
	"strconv"
	"strings"
)

// numbering is how the items of lists are counted (ECMA-376, part 1, section 17.9).
type numbering struct {
	abstract map[string]*abstractList
	lists    map[string]*numberedList // by the id that paragraphs refer to
}

// abstractList is a kind of list. Those that are of the same kind count on.
type abstractList struct {
	levels [maxLevels]listLevel
	counts [maxLevels]int
}

const maxLevels = 9

type listLevel struct {
	start  int
	format string // "decimal", "bullet", ...
	text   string // "%1.%2)"
}

type numberedList struct {
	abstract string
	own      [maxLevels]listLevel // what it has otherwise than its kind
	restarts [maxLevels]int       // the first number where it restarts by itself; -1 if it counts on
	begun    bool
}

// readNumbering reads the part that says how lists are numbered.
func (d *docx) readNumbering(name string) error {
	n := &numbering{abstract: map[string]*abstractList{}, lists: map[string]*numberedList{}}
	d.numbering = n
	var abstract *abstractList
	var list *numberedList
	level := -1
	return d.tokens(name, func(_ *xml.Decoder, token xml.Token) error {
		switch e := token.(type) {
		case xml.EndElement:
			switch e.Name.Local {
			case "lvl", "lvlOverride":
				level = -1
			case "abstractNum":
				abstract = nil
			case "num":
				list = nil
			}
		case xml.StartElement:
			switch e.Name.Local {
			case "abstractNum":
				abstract = &abstractList{}
				n.abstract[attr(e, "abstractNumId")] = abstract
			case "num":
				list = &numberedList{}
				for i := range list.restarts {
					list.restarts[i] = -1
				}
				n.lists[attr(e, "numId")] = list
			case "abstractNumId":
				if list != nil {
					list.abstract = attr(e, "val")
				}
			case "lvl", "lvlOverride":
				level = levelOf(attr(e, "ilvl"))
			case "startOverride":
				if list != nil && level >= 0 {
					list.restarts[level] = number(attr(e, "val"))
				}
			default:
				l := new(listLevel)
				switch {
				case level < 0:
				case list != nil:
					l = &list.own[level]
				case abstract != nil:
					l = &abstract.levels[level]
				}
				l.set(e)
			}
		}
		return nil
	})
}

// set takes an element of a level.
func (l *listLevel) set(e xml.StartElement) {
	switch e.Name.Local {
	case "start":
		l.start = number(attr(e, "val"))
	case "numFmt":
		l.format = attr(e, "val")
	case "lvlText":
		const longest = 100
		if l.text = attr(e, "val"); len(l.text) > longest {
			l.text = ""
		}
	}
}

func levelOf(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n >= maxLevels {
		return -1
	}
	return n
}

// number is a number of a list; lists do not count further than this.
func number(s string) int {
	const most = 1 << 20
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > most {
		return 1
	}
	return n
}

// next counts an item, and returns what stands before it: "-" for a bullet, and the
// empty string for nothing. A list that is not known has bullets.
func (n *numbering) next(id string, level int) string {
	if n == nil || n.lists[id] == nil || level < 0 || level >= maxLevels {
		return "-"
	}
	list := n.lists[id]
	kind := n.abstract[list.abstract]
	if kind == nil {
		return "-"
	}
	if !list.begun {
		list.begun = true
		for i, start := range list.restarts {
			if start >= 0 {
				kind.counts[i] = start - list.level(kind, i).start
			}
		}
	}
	kind.counts[level]++
	for i := level + 1; i < maxLevels; i++ {
		kind.counts[i] = 0
	}
	l := list.level(kind, level)
	if l.format == "bullet" || l.format == "" {
		return "-"
	}
	text := l.text
	for i := range level + 1 {
		of := list.level(kind, i)
		count := of.start + max(kind.counts[i], 1) - 1
		text = strings.ReplaceAll(text, "%"+strconv.Itoa(i+1), formatted(count, of.format))
	}
	return strings.TrimSpace(text)
}

// level is a level of the list: its own, or that of its kind.
func (l *numberedList) level(kind *abstractList, i int) listLevel {
	level := kind.levels[i]
	if own := l.own[i]; own.format != "" {
		level = own
	}
	return level
}

// formatted writes a number of a list.
func formatted(n int, format string) string {
	switch format {
	case "none":
		return ""
	case "lowerLetter", "upperLetter":
		if n < 1 {
			break
		}
		const most = 10 // Word repeats the letter: aa, bb, ...
		s := strings.Repeat(string(rune('a'+(n-1)%26)), min((n-1)/26+1, most))
		if format == "upperLetter" {
			s = strings.ToUpper(s)
		}
		return s
	case "lowerRoman":
		return strings.ToLower(roman(n))
	case "upperRoman":
		return roman(n)
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	}
	return strconv.Itoa(n)
}

func roman(n int) string {
	if n < 1 || n > 3999 {
		return strconv.Itoa(n)
	}
	var b strings.Builder
	for _, d := range []struct {
		value  int
		digits string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for ; n >= d.value; n -= d.value {
			b.WriteString(d.digits)
		}
	}
	return b.String()
}
