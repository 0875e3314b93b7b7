package structure_test

import (
	"testing"

	"github.com/albert-search/albert-search/ingest/extract/structure"
)

func TestRaised(t *testing.T) {
	for _, tt := range []struct {
		before, mark string
		note         bool
		want         string
	}{
		{"opened in 1884", "7", true, " [7]"},
		{"opened in 1884", "[7]", true, " [7]"},
		{"opened in 1884", "7", false, "^7"},
		{"the keeper", "7", false, " [7]"},
		{"the keeper", "3, 4", false, " [3, 4]"},
		{"the keeper.", "7", false, " [7]"},
		{"the keeper", "a", false, " a"},
		{"the keeper", "new", false, " new"},
		{"n", "o", false, "o"},
		{"(", "7", false, "7"},
		{"the keeper", "*", false, "*"},
		{"10", "5", false, "^5"},
		{"10", "-1", false, "^-1"},
		{"2", "n", false, "^n"},
		{"905 m", "2", false, "2"},
		{"12km", "2", false, "2"},
		{"on the 4", "th", false, "th"},
		{"le 1", "er", false, "er"},
		{"M", "me", false, "me"},
		{"Gull", "TM", false, " TM"},
		{"", "7", false, "7"},
		{"a", " ", false, ""},
	} {
		if got := structure.Raised(tt.before, tt.mark, tt.note); got != tt.want {
			t.Errorf("%q, %q: got %q, want %q", tt.before, tt.mark, got, tt.want)
		}
	}
}

func TestLowered(t *testing.T) {
	for _, tt := range [][3]string{
		{"CO", "2", "2"}, {"10", "2", "_2"}, {"x", "i", "_i"}, {"T", "max", "_max"}, {"", "i", "i"}, {"word ", "2", "2"},
		{"word", "a whole phrase", " a whole phrase"},
	} {
		if got := structure.Lowered(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%q, %q: got %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
