package document

import (
	"testing"
	"time"
)

func TestUntil(t *testing.T) {
	start, end := 90*time.Second, 100*time.Second
	for _, tt := range []struct {
		first, last, until Place
		text               string
	}{
		{Place{Page: 7}, Place{Page: 7}, Place{}, "page 7"},
		{Place{Page: 7, Anchor: "a"}, Place{Page: 8, Anchor: "b"}, Place{Page: 8}, "pages 7-8"},
		{Place{Line: 3, Column: 5}, Place{Line: 3, Column: 9}, Place{}, "line 3"},
		{Place{Line: 3, Column: 5}, Place{Line: 4, Column: 1}, Place{Line: 4}, "lines 3-4"},
		{Place{Sheet: "Budget", Cell: "A2"}, Place{Sheet: "Budget", Cell: "B7"}, Place{Cell: "B7"}, "sheet Budget, cell A2-B7"},
		{Place{Time: &start}, Place{Time: &end}, Place{Time: &end}, "1:30-1:40"},
		{Place{Time: &start}, Place{Time: &start}, Place{}, "1:30"},
	} {
		got := tt.first.Until(tt.last)
		if !got.Equal(tt.until) || Range(tt.first, got) != tt.text {
			t.Errorf("%+v until %+v is %+v, %q", tt.first, tt.last, got, Range(tt.first, got))
		}
	}
}
