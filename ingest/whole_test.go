package ingest_test

import (
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
)

// made builds a text of blocks, each a kind and its text.
type made struct{ extract.Text }

func (m *made) add(kind document.BlockKind, text string) *made {
	if kind == document.Heading {
		level := strings.Count(text, "#")
		m.Headings = append(m.Headings, extract.Heading{Start: len(m.Body), Level: max(level, 1), Text: strings.Trim(text, "# ")})
	}
	m.Blocks = append(m.Blocks, document.Block{Kind: kind, Start: len(m.Body), End: len(m.Body) + len(text) + 1})
	m.Body += text + "\n"
	return m
}

func (m *made) split(t *testing.T, budget int) []document.Passage {
	t.Helper()
	got := ingest.Split(&m.Text, ingest.SplitOptions{Tokens: budget}, pieces{})
	checkPassages(t, &m.Text, budget, got)
	return got
}

// What announces something stays with it, whatever the budget is: a heading with
// its text, a term with its description, a header with its first row.
func TestSplitKeepsTogether(t *testing.T) {
	const words = "aa bb cc dd ee ff gg hh ii jj kk ll mm nn oo pp"
	m := new(made)
	for range 6 {
		m.add(document.Paragraph, words[:20]+".").add(document.Heading, "# Hh tt").add(document.Paragraph, words+". "+words+".").
			add(document.Term, "Buoy").add(document.Description, words).
			add(document.Term, "Mole").add(document.Term, "Pier").add(document.Description, words).
			add(document.TableHeader, "Year\tShips").add(document.TableRow, "1900\t40").add(document.TableRow, "1901\t"+words)
	}
	for budget := 8; budget < 60; budget++ {
		for _, p := range m.split(t, budget) {
			text := strings.TrimSpace(m.Body[p.Start:p.End])
			for _, announces := range []string{"Hh tt", "Buoy", "Mole", "Pier", "Year\tShips"} {
				if strings.HasSuffix(text, announces) {
					t.Errorf("budget %d: %q ends a passage", budget, text)
				}
			}
			if strings.HasPrefix(text, "190") && p.Context != "Year\tShips" {
				t.Errorf("budget %d: the context of %q is %q", budget, text, p.Context)
			}
		}
	}
}

// The headings of a passage are those above its text, also where sections are
// short, and where headings follow each other.
func TestSplitHeadingOfText(t *testing.T) {
	m := new(made).add(document.Paragraph, "Before.").
		add(document.Heading, "# Log").add(document.Heading, "## One").add(document.Heading, "### Fixed").add(document.Paragraph, "A bug.").
		add(document.Heading, "### Changed").add(document.Paragraph, "A name.").
		add(document.Heading, "## Two").add(document.Heading, "### Added").add(document.Heading, "### Removed").add(document.Paragraph, "A flag.").
		add(document.Heading, "# End").add(document.Heading, "## Of").add(document.Heading, "## It")
	expect(t, parts(&m.Text, m.split(t, 200)), "Before.",
		"Log>One>Fixed: # Log\n## One\n### Fixed\nA bug.",
		"Log>One>Changed: ### Changed\nA name.",
		"Log>Two>Removed: ## Two\n### Added\n### Removed\nA flag.",
		"End: # End\n## Of\n## It")
}

// Furniture has passages of its own, which are marked and have no headings.
func TestSplitFurniture(t *testing.T) {
	m := new(made).add(document.Furniture, "Home").add(document.Furniture, "Products").
		add(document.Heading, "# Gears").add(document.Paragraph, "They turn.").
		add(document.Furniture, "Page 3").add(document.Paragraph, "They mesh.").add(document.Furniture, "Imprint")
	got := m.split(t, 200)
	expect(t, parts(&m.Text, got), "Home\nProducts", "Gears: # Gears\nThey turn.", "Page 3", "Gears: They mesh.", "Imprint")
	for i, p := range got {
		if p.Furniture != (i%2 == 0) {
			t.Errorf("passage %d: furniture is %v", i, p.Furniture)
		}
	}
}

// A passage knows where its text changes its place, and where its words stand.
func TestSplitPlacesAndBoxes(t *testing.T) {
	box := func(n int) document.Box {
		return document.Box{Left: float32(10 * n), Top: 5, Right: float32(10*n + 8), Bottom: 15}
	}
	text := &extract.Text{Body: "Aa bb.\nCc dd.\nEe ff."}
	for i, page := range []int{1, 1, 2, 3} {
		text.Places = append(text.Places, document.PlaceAt{Offset: []int{0, 7, 7, 14}[i], Place: document.Place{Page: page}})
	}
	for i := range 6 {
		start := i/2*7 + i%2*3
		text.Boxes = append(text.Boxes, document.BoxAt{Start: start, End: start + 2 + i%2, Page: i/2 + 1, Box: box(i)})
	}
	if err := text.Check(); err == nil {
		t.Error("a text without blocks passed the check")
	}
	got := split(t, text, 100)
	if len(got) != 1 || len(got[0].Places) != 2 || got[0].Places[0].Offset != 7 || got[0].Places[0].Place.Page != 2 || got[0].Places[1].Offset != 14 ||
		len(got[0].Boxes) != 6 || got[0].Last.Page != 3 {
		t.Errorf("%+v", got)
	}
	got = split(t, text, 3)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	for i, p := range got {
		if p.Place.Page != i+1 || len(p.Places) != 0 || !p.Last.IsZero() || len(p.Boxes) != 2 ||
			p.Boxes[0] != (document.BoxAt{Start: 0, End: 2, Page: i + 1, Box: box(2 * i)}) || p.Boxes[1].Start != 3 || p.Boxes[1].End != 6 {
			t.Errorf("%+v", p)
		}
	}
}
