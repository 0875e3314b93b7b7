package albertsearch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
)

// aroundLines is how many lines are shown before and behind a line.
const aroundLines = 3

// span is a range of numbers; first is 0 where none is asked for.
type span struct{ first, last int }

func (s span) has(n int) bool { return s.first <= n && n <= s.last }

// wantedPlace is a place that is asked for: of the parts that are set all must hold.
type wantedPlace struct {
	page, slide, line, bytes span
	number                   span // a line where there are lines, else a page or a slide
	column                   int
	// texts are names of sheets and so on, as document.Range writes them.
	texts  map[string]string
	anchor string
}

var (
	numberForm = regexp.MustCompile(`^(\d+)(?:-(\d+)|:(\d+)(?:-\d+)?)?$`)
	bytesForm  = regexp.MustCompile(`^(?:@|offset |bytes? )(\d+)(?:-(\d+))?$`)
	namedForm  = regexp.MustCompile(`(?i)^(pages?|p|slides?|lines?|l)[. ]*(\d+)(?:-(?:l|p)?(\d+))?$`)
	textForm   = regexp.MustCompile(`^(message|chapter|sheet|cell) (.+)$`)
	timeForm   = regexp.MustCompile(`^\d+:\d\d(:\d\d)?(-\d+:\d\d(:\d\d)?)?$`)
)

// spanOf reads one or two numbers. Numbers that are too large are where nothing is.
func spanOf(first, last string) span {
	const nowhere = 1 << 40
	number := func(s string) int {
		if n, err := strconv.Atoi(s); err == nil {
			return n
		}
		return nowhere
	}
	s := span{number(first), number(first)}
	if last != "" {
		s.last = max(s.first, number(last))
	}
	return s
}

// parsePlace reads a place in any of its forms, and reports whether it is one.
func parsePlace(s string) (w wantedPlace, ok bool) {
	w.texts = make(map[string]string)
	s = strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(s), ":"), ", ")
	if rest, isAnchor := strings.CutPrefix(s, "#"); isAnchor {
		// Where a line or page follows, it is that which counts.
		for i := range rest {
			if strings.HasPrefix(rest[i:], ", ") {
				if more, ok := parsePlace(rest[i:]); ok {
					return more, true
				}
			}
		}
		w.anchor = rest
		return w, rest != ""
	}
	if m := bytesForm.FindStringSubmatch(s); m != nil {
		w.bytes = spanOf(m[1], m[2])
		if m[2] == "" {
			w.bytes.last++
		}
		return w, true
	}
	last := "" // the name that what comes may go on with
	for part := range strings.SplitSeq(s, ", ") {
		switch name := w.take(part); {
		case name != "":
			last = name
		case last == "":
			return w, false
		default:
			w.texts[last] += ", " + part // a name with a comma
		}
	}
	return w, true
}

// take reads one part of a place. It returns the name of what was read, which is
// empty for what is none.
func (w *wantedPlace) take(part string) string {
	if m := numberForm.FindStringSubmatch(part); m != nil {
		w.number = spanOf(m[1], m[2])
		if m[3] != "" {
			w.column = spanOf(m[3], "").first
			w.texts["time"] = part // 1:30 may be one
		}
		return "number"
	}
	if timeForm.MatchString(part) {
		w.texts["time"] = part
		return "time"
	}
	if m := namedForm.FindStringSubmatch(part); m != nil {
		to := &w.page
		switch m[1][0] | 0x20 {
		case 's':
			to = &w.slide
		case 'l':
			to = &w.line
		}
		*to = spanOf(m[2], m[3])
		return "number"
	}
	if m := textForm.FindStringSubmatch(part); m != nil {
		w.texts[m[1]] = m[2]
		return m[1]
	}
	return ""
}

// find returns the ranges of the text that a place is, and how many lines are shown
// around them by default.
func (t *shownText) find(place string) ([]index.Range, int, error) {
	if strings.TrimSpace(place) == "" {
		return []index.Range{{Start: 0, End: len(t.body)}}, 0, nil
	}
	w, ok := parsePlace(place)
	if !ok {
		w = wantedPlace{anchor: strings.TrimLeft(place, ":, ")} // a bare name
	}
	var kind document.Place
	for _, p := range t.places {
		kind.Page, kind.Slide, kind.Line = max(kind.Page, p.Place.Page), max(kind.Slide, p.Place.Slide), max(kind.Line, p.Place.Line)
		if p.Place.Time != nil {
			kind.Time = p.Place.Time
		}
	}
	w.settle(kind, t.verbatim)
	ranges, around := []index.Range(nil), 0
	switch {
	case w.bytes.last > 0:
		if w.bytes.first < len(t.body) {
			ranges = []index.Range{{Start: w.bytes.first, End: min(w.bytes.last, len(t.body))}}
		}
		around = aroundLines
	case t.verbatim && w.line.first > 0:
		ranges = t.lines(w.line)
		around = aroundLines
	default:
		if ranges = t.runs(&w); w.line.first > 0 {
			around = aroundLines
		}
	}
	if len(ranges) == 0 {
		return nil, 0, fmt.Errorf("%w: %s", ErrNoPlace, strings.TrimLeft(place, ":, "))
	}
	return ranges, around, nil
}

// settle decides what a bare number is, by what the document has.
func (w *wantedPlace) settle(has document.Place, verbatim bool) {
	if w.number.first == 0 {
		return
	}
	if w.column > 0 && has.Time != nil {
		return // 1:30 is a time
	}
	delete(w.texts, "time")
	switch {
	case verbatim || has.Line > 0:
		w.line = w.number
	case has.Page > 0:
		w.page = w.number
	case has.Slide > 0:
		w.slide = w.number
	default:
		w.line = w.number // of which there are none
	}
}

// lines is the range of some lines of the body.
func (t *shownText) lines(want span) []index.Range {
	at, line := 0, 1
	for ; line < want.first && at < len(t.body); line++ {
		at = t.lineEnd(at)
	}
	if at >= len(t.body) || want.first < 1 {
		return nil
	}
	end := at
	for ; line <= want.last && end < len(t.body); line++ {
		end = t.lineEnd(end)
	}
	return []index.Range{{Start: at, End: end}}
}

// runs returns where the text stands that is in the place, of which neighbours are
// one range.
func (t *shownText) runs(w *wantedPlace) []index.Range {
	if w.line.first > 0 {
		w.line.first = t.nearestLine(w.line.first)
	}
	var ranges []index.Range
	open := "" // the name of a range that has begun and not ended
	for i, p := range t.places {
		if !w.fits(&p.Place, &open) {
			continue
		}
		end := len(t.body)
		if i+1 < len(t.places) {
			end = t.places[i+1].Offset
		}
		if p.Offset >= end {
			continue
		}
		if n := len(ranges) - 1; n >= 0 && strings.TrimSpace(t.body[ranges[n].End:p.Offset]) == "" {
			ranges[n].End = end
		} else {
			ranges = append(ranges, index.Range{Start: p.Offset, End: end})
		}
	}
	return ranges
}

// nearestLine is the last line of the file, up to the one that is asked for, of
// which there is text.
func (t *shownText) nearestLine(line int) int {
	nearest := 0
	for _, p := range t.places {
		if p.Place.Line <= line {
			nearest = max(nearest, p.Place.Line)
		}
	}
	return nearest
}

// fits reports whether a place is in the one that is asked for. open has the name of
// which the first was met and not yet the last, as in "cell A2-B7".
func (w *wantedPlace) fits(p *document.Place, open *string) bool {
	for _, n := range []struct {
		want span
		is   int
	}{{w.page, p.Page}, {w.slide, p.Slide}, {w.line, p.Line}} {
		if n.want.first > 0 && !n.want.has(n.is) {
			return false
		}
	}
	if w.line.first == 0 && w.line.last > 0 || w.anchor != "" && p.Anchor != w.anchor {
		return false
	}
	texts := map[string]string{"message": p.Message, "chapter": p.Chapter, "sheet": p.Sheet, "cell": p.Cell}
	if p.Time != nil {
		texts["time"] = document.Place{Time: p.Time}.String()
	}
	for name, want := range w.texts {
		is := texts[name]
		switch {
		case is == "" && *open != name:
			return false
		case *open == name:
			if strings.HasSuffix(want, "-"+is) {
				*open = ""
			}
		case is == want:
		case strings.HasPrefix(want, is+"-"):
			*open = name
		default:
			return false
		}
	}
	return w.asks()
}

// asks reports whether anything is asked for.
func (w *wantedPlace) asks() bool {
	return w.page.first > 0 || w.slide.first > 0 || w.line.first > 0 || w.anchor != "" || len(w.texts) > 0
}
