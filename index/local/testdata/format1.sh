#!/bin/bash
# Makes format1.tar.gz, an index of format 1 with what the program of that time found in it.
# It needs the commit 7a20430, the last one that wrote format 1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'git -C "$here" worktree remove --force "$tmp/tree"; rm -rf "$tmp"' EXIT
git -C "$here" worktree add -q --detach "$tmp/tree" 7a20430
cat > "$tmp/tree/index/local/format1_test.go" <<'GO'
package local

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/albert-search/albert-search/index"
)

type foundV1 struct {
	Row   uint32
	Score float64
}

// TestMakeFormat1 makes an index of 31 steps with a re-embedding that has begun, and
// one of a document with something in every field.
func TestMakeFormat1(t *testing.T) {
	out := os.Getenv("FORMAT1")
	s, err := Create(t.Context(), filepath.Join(out, "index"), killOptions)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= 30; n++ {
		must(s.Apply(t.Context(), step(n)))
		if n == 15 {
			must(s.Publish(t.Context()))
		}
	}
	other := killSettings
	other.Embedder, other.Dim = "other", 5
	r, err := s.Reembed(t.Context(), other.Model())
	must(err)
	last := ""
	var add []index.Embedded
	docs := 0
	for p, err := range r.Passages(t.Context()) {
		must(err)
		if p.Doc.ID != last {
			if docs++; docs > 8 {
				break
			}
			last = p.Doc.ID
		}
		n, v, i, err := parseKillText(p.Text)
		must(err)
		add = append(add, index.Embedded{ID: p.ID, Vector: killVectorOf(other, n, v, i)})
	}
	must(r.Add(t.Context(), add))
	must(s.Publish(t.Context()))
	must(s.Apply(t.Context(), step(31)))
	results := map[string][]foundV1{}
	for name, q := range map[string]string{"common": "common words", "version": "version30", "touched": "+marker30 words", "path": "path:doc"} {
		parsed, err := index.ParseQuery(q)
		must(err)
		hits, err := s.Keyword(t.Context(), index.Request{Query: parsed, Limit: 20})
		must(err)
		for _, h := range hits {
			results["keyword "+name] = append(results["keyword "+name], foundV1{uint32(h.ID), h.Score})
		}
	}
	hits, err := s.Nearest(t.Context(), index.Request{Vector: killVector(30, 30, 1), Limit: 20})
	must(err)
	for _, h := range hits {
		results["nearest"] = append(results["nearest"], foundV1{uint32(h.ID), h.Score})
	}
	must(s.Close())
	rich, err := Create(t.Context(), filepath.Join(out, "rich"), killOptions)
	must(err)
	must(rich.Apply(t.Context(), index.Batch{Put: []index.Document{{
		Info: index.Info{ID: "book", Path: "/books/a book.pdf", Title: "A title", Type: "pdf", Modified: time.Unix(1700000000, 5).UTC(),
			Metadata: map[string]string{"author": "Ann", "year": "1999"}, Bytes: 40, Reason: "one page could not be read",
			Fingerprint: index.Fingerprint{Size: 9, ChangeTime: 8, Inode: 1 << 60, SHA256: [32]byte{1, 2, 3}}},
		Content: []index.Passage{
			{Start: 0, End: 38, Text: "marker0 version0 part0 of common words", Page: 1, Heading: []string{"Outer", "Inner"}, Vector: killVector(0, 0, 0)},
			{Start: 39, End: 77, Text: "marker0 version0 part1 of common words", Page: 2, Line: 3, Column: 4, Vector: killVector(0, 0, 1)},
		}}}}))
	must(rich.Close())
	text, err := json.MarshalIndent(results, "", " ")
	must(err)
	must(os.WriteFile(filepath.Join(out, "results.json"), text, 0o600))
}
GO
mkdir "$tmp/out"
(cd "$tmp/tree" && FORMAT1="$tmp/out" go test -count=1 -run '^TestMakeFormat1$' ./index/local)
rm "$tmp"/out/*/LOCK
tar -C "$tmp/out" --sort=name --owner=0 --group=0 --numeric-owner -czf "$here/format1.tar.gz" index rich results.json
ls -l "$here/format1.tar.gz"
