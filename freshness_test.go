package albertsearch_test

import (
	"bytes"
	"testing"

	albertsearch "github.com/albert-search/albert-search"
)

// Search, ask and status name the same version of the index, and a later one after
// a change.
func TestResultsSayHowFreshTheyAre(t *testing.T) {
	f := newFixture(t, "helical")
	f.write("a.txt", "The gears are helical.")
	f.index()
	fresh := func() albertsearch.Freshness {
		t.Helper()
		st, err := f.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found, err := f.Search(t.Context(), albertsearch.SearchRequest{Query: "gears"})
		if err != nil {
			t.Fatal(err)
		}
		read, err := f.Ask(t.Context(), albertsearch.AskRequest{Question: "What are the gears?"})
		if err != nil {
			t.Fatal(err)
		}
		if found.Freshness != st.Freshness || read.Freshness != st.Freshness || st.Updated.IsZero() || st.Generation == 0 {
			t.Errorf("search %+v, ask %+v, status %+v", found.Freshness, read.Freshness, st.Freshness)
		}
		for _, v := range []any{found, read, st} {
			if text := toJSON(t, v); !bytes.Contains(text, []byte(`"generation":`)) || !bytes.Contains(text, []byte(`"updated":`)) {
				t.Errorf("JSON has no freshness: %s", text)
			}
		}
		return st.Freshness
	}
	before := fresh()
	f.write("b.txt", "The shafts are straight.")
	f.index()
	if after := fresh(); after.Generation <= before.Generation || after.Updated.Before(before.Updated) {
		t.Errorf("%+v after %+v", after, before)
	}
}
