package local

import (
	"strings"
	"testing"
)

// A term of megabytes is kept by its beginning, in documents and queries alike.
func TestShortTerms(t *testing.T) {
	a, err := newAnalyzers("en")
	if err != nil {
		t.Fatal(err)
	}
	for f := range numFields {
		tokens := a.analyze(f, "gear "+strings.Repeat("a", 5<<20)+" wheel")
		if len(tokens) != 3 || len(tokens[1].Term) != maxTerm || string(tokens[2].Term) != "wheel" || tokens[1].End != 5+5<<20 {
			t.Errorf("field %v: got %d tokens, the second of %d bytes, to %d", f, len(tokens), len(tokens[1].Term), tokens[1].End)
		}
	}
}
