package ingest_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
)

// What is inserted changes the passages around it and not the rest of its section.
func TestAnInsertionChangesFewPassages(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	word := func() string { return fmt.Sprintf("w%d", r.IntN(5000)) }
	line := func(n int) string {
		var words []string
		for range n {
			words = append(words, word())
		}
		return strings.Join(words, " ")
	}
	for name, part := range map[string]struct {
		kind  document.BlockKind
		text  func() string
		after string
	}{
		"log":        {document.Code, func() string { return line(8 + r.IntN(12)) }, "\n"},
		"paragraphs": {document.Paragraph, func() string { return line(20) + ". " + line(20+r.IntN(40)) + "." }, "\n\n"},
		"items":      {document.ListItem, func() string { return line(10+r.IntN(20)) + "." }, "\n"},
		"same lines": {document.Code, func() string { return "the same line again and again" }, "\n"},
	} {
		parts := make([]string, 2500)
		for i := range parts {
			parts[i] = part.text()
		}
		split := func(parts []string) ([]document.Passage, string) {
			text := &extract.Text{Body: strings.Join(parts, part.after)}
			for at, i := 0, 0; i < len(parts); i++ {
				end := min(at+len(parts[i])+len(part.after), len(text.Body))
				text.Blocks = append(text.Blocks, document.Block{Kind: part.kind, Start: at, End: end})
				at = end
			}
			return ingest.Split(text, ingest.SplitOptions{}, counter(func(s string) int { return len(strings.Fields(s)) })), text.Body
		}
		before, body := split(parts)
		known := make(map[string]bool)
		bytes := 0
		for _, p := range before {
			known[body[p.Start:p.End]] = true
			bytes += len(strings.Fields(body[p.Start:p.End]))
		}
		if mean := bytes / len(before); mean < 130 {
			t.Errorf("%s: passages have %d words on average", name, mean)
		}
		changed, most := 0, 0
		const tries = 20
		for range tries {
			at := r.IntN(len(parts))
			now, body := split(append(append(append([]string{}, parts[:at]...), line(15)), parts[at:]...))
			n := 0
			for _, p := range now {
				if !known[body[p.Start:p.End]] {
					n++
				}
			}
			changed, most = changed+n, max(most, n)
		}
		t.Logf("%s: %d passages, %.1f change, %d at most", name, len(before), float64(changed)/tries, most)
		if changed > 16*tries || most > 60 {
			t.Errorf("%s: of %d passages %d changed in %d insertions, in one %d", name, len(before), changed, tries, most)
		}
	}
}
