package albertsearch_test

import (
	"os"
	"regexp"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
)

func TestVersionIsThatOfTheChangelog(t *testing.T) {
	text, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	headings := regexp.MustCompile(`(?m)^## (\S+)(?: - (\d{4}-\d\d-\d\d))?$`).FindAllStringSubmatch(string(text), -1)
	for _, h := range headings {
		if h[1] == "Unreleased" {
			continue
		}
		if h[1] != albertsearch.Version {
			t.Errorf("Version is %q, the newest version in CHANGELOG.md %q", albertsearch.Version, h[1])
		}
		if h[2] == "" {
			t.Errorf("CHANGELOG.md does not say when %s was released", h[1])
		}
		return
	}
	t.Fatalf("CHANGELOG.md has no version among its %d headings", len(headings))
}
