package source_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/source"
)

func TestCompare(t *testing.T) {
	path := filepath.Join(tree(t, map[string]string{"f": "one"}), "f")
	entry := func() ingest.Entry {
		s, err := source.Files([]string{path}, source.FileOptions{Extractor: verbatim{}})
		must(t, err)
		return entries(t, s)[0]
	}
	doc, err := entry().Load(t.Context())
	must(t, err)
	fp := doc.Fingerprint
	step := func(what string, want ingest.Change) {
		t.Helper()
		got, now, err := entry().Compare(t.Context(), fp)
		must(t, err)
		if got != want {
			t.Errorf("%s: change %d, want %d", what, got, want)
		}
		fp = now
	}
	if fp.ModTime != 0 {
		t.Error("the times of a file written just now were trusted")
	}
	step("read again because its times are not trusted yet", ingest.Same)

	must(t, os.Chtimes(path, time.Time{}, time.Unix(1e9, 0)))
	fp.ModTime, fp.ChangeTime = 5, 5 // as if it had been indexed long ago
	step("touched", ingest.Touched)

	info := entry().Stat
	fp.Stat = info
	step("nothing happened", ingest.Same)
	must(t, os.WriteFile(path, []byte("two"), 0o666))
	must(t, os.Chtimes(path, time.Time{}, time.Unix(0, info.ModTime)))
	if now := entry().Stat; now.Size != info.Size || now.ModTime != info.ModTime {
		t.Fatalf("the file should look the same: %+v, %+v", info, now)
	}
	if entry().Stat.ChangeTime != 0 {
		step("rewritten with the same size, the clock set back", ingest.Changed)
	}
}
