package main

import (
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
)

// check is what holds of passages, found out from the text alone. Bytes are
// those that are not white space.
type check struct {
	Uncovered    int `json:"uncovered"`     // bytes in no passage
	CutWords     int `json:"cut_words"`     // passages that begin or end between two letters or digits
	WrongPage    int `json:"wrong_page"`    // passages whose page is not that of their start
	WrongLine    int `json:"wrong_line"`    // likewise their line
	SpanPages    int `json:"span_pages"`    // passages that reach over a page's end
	BytesOther   int `json:"bytes_other"`   // bytes that are cited with another page than they stand on
	Bytes        int `json:"bytes"`         // bytes in all passages
	OtherHeading int `json:"other_heading"` // passages whose heading is not the path of headings at their start
	SpanHeadings int `json:"span_headings"` // passages that reach into another section
	OverBudget   int `json:"over_budget"`   // passages with too many tokens
	OutOfOrder   int `json:"out_of_order"`
	Mixed        int `json:"mixed"` // passages of furniture and text
}

func checked(t *extract.Text, passages []document.Passage, c ingest.TokenCounter) check {
	k := check{Uncovered: uncovered(t.Body, passages)}
	spans := furniture(t)
	for i, p := range passages {
		k.OutOfOrder += count(i > 0 && (p.Start < passages[i-1].Start || p.End < passages[i-1].End))
		k.OverBudget += count(c.CountTokens(t.Body[p.Start:p.End]) > ingest.DefaultSplitTokens)
		k.CutWords += count(cutsWord(t.Body, p.Start) || cutsWord(t.Body, p.End))
		k.WrongLine += count(t.Verbatim && p.Place.Line != 1+strings.Count(t.Body[:p.Start], "\n"))
		k.OtherHeading += count(len(t.Headings) > 0 && !slices.Equal(p.Heading, pathAt(t, p.Start)))
		k.SpanHeadings += count(slices.ContainsFunc(t.Headings, func(h extract.Heading) bool {
			return lineStart(t.Body, h.Start) > p.Start && h.Start < p.End
		}))
		k.Mixed += count(mixed(t.Body, spans, p))
		k.pages(t, p)
	}
	return k
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mixed reports whether a passage has text and furniture.
func mixed(body string, furniture []document.Span, p document.Passage) bool {
	text, marked := strings.TrimSpace(body[p.Start:p.End]) != "", false
	at := p.Start
	rest := ""
	for _, s := range furniture {
		start, end := max(s.Start, at), min(s.End, p.End)
		if start >= end {
			continue
		}
		marked = marked || strings.TrimSpace(body[start:end]) != ""
		rest += body[at:start]
		at = end
	}
	if marked {
		text = strings.TrimSpace(rest+body[at:p.End]) != ""
	}
	return text && marked
}

// pages compares the pages that a passage cites with those that its text stands
// on.
func (k *check) pages(t *extract.Text, p document.Passage) {
	pageOf := func(at int) int { return pageAt(t.Places, at) }
	k.WrongPage += count(p.Place.Page != pageOf(p.Start))
	k.SpanPages += count(pageOf(p.End-1) > pageOf(p.Start))
	for i, r := range t.Body[p.Start:p.End] {
		if unicode.IsSpace(r) {
			continue
		}
		k.Bytes += utf8.RuneLen(r)
		if citedPage(p, i) != pageOf(p.Start+i) {
			k.BytesOther += utf8.RuneLen(r)
		}
	}
}

// pageAt returns the page of the last place at or before an offset, 0 if there
// is none.
func pageAt(places []extract.PlaceAt, offset int) int {
	n := sort.Search(len(places), func(i int) bool { return places[i].Offset > offset })
	if n == 0 {
		return 0
	}
	return places[n-1].Place.Page
}

// citedPage is the page that is cited for the byte at an offset of a passage.
func citedPage(p document.Passage, offset int) int {
	page := p.Place.Page
	for _, at := range p.Places {
		if at.Offset > offset {
			break
		}
		page = at.Place.Page
	}
	return page
}

// uncovered counts the bytes that are in no passage.
func uncovered(body string, passages []document.Passage) int {
	n, end := 0, 0
	for _, p := range append(slices.Clone(passages), document.Passage{Start: len(body), End: len(body)}) {
		for _, r := range body[end:max(end, p.Start)] {
			if !unicode.IsSpace(r) {
				n += utf8.RuneLen(r)
			}
		}
		end = max(end, p.End)
	}
	return n
}

// cutsWord reports whether a place is between two letters or digits of a script
// that is written with spaces.
func cutsWord(body string, at int) bool {
	if at <= 0 || at >= len(body) {
		return false
	}
	isWord := func(r rune) bool { return r < 0x2e80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	a, _ := utf8.DecodeLastRuneInString(body[:at])
	b, _ := utf8.DecodeRuneInString(body[at:])
	return isWord(a) && isWord(b)
}

// pathAt returns the headings above a place, the outermost first.
func pathAt(t *extract.Text, at int) []string {
	var open []extract.Heading
	for _, h := range t.Headings {
		if lineStart(t.Body, h.Start) > at {
			break
		}
		for len(open) > 0 && open[len(open)-1].Level >= h.Level {
			open = open[:len(open)-1]
		}
		open = append(open, h)
	}
	var path []string
	for _, h := range open {
		path = append(path, h.Text)
	}
	return path
}

// lineStart returns where the line of a heading starts if only markup or a
// number stands before it there, and the place itself otherwise.
func lineStart(body string, at int) int {
	line := strings.LastIndexByte(body[:at], '\n') + 1
	if strings.IndexFunc(body[line:at], unicode.IsLetter) < 0 {
		return line
	}
	return at
}
