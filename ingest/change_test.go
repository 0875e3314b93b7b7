package ingest_test

import (
	"testing"
	"time"

	"github.com/albert-search/albert-search/ingest"
)

func TestUnchanged(t *testing.T) {
	old := ingest.Stat{Size: 1, ModTime: 2, ChangeTime: 3, Inode: 4}
	for name, c := range map[string]struct {
		old, now ingest.Stat
		want     bool
	}{
		"equal":               {old, old, true},
		"size":                {old, ingest.Stat{Size: 2, ModTime: 2, ChangeTime: 3, Inode: 4}, false},
		"later":               {old, ingest.Stat{Size: 1, ModTime: 9, ChangeTime: 3, Inode: 4}, false},
		"earlier":             {old, ingest.Stat{Size: 1, ModTime: 1, ChangeTime: 3, Inode: 4}, false},
		"time set back":       {old, ingest.Stat{Size: 1, ModTime: 2, ChangeTime: 9, Inode: 4}, false},
		"another file":        {old, ingest.Stat{Size: 1, ModTime: 2, ChangeTime: 3, Inode: 9}, false},
		"nothing is known":    {ingest.Stat{}, ingest.Stat{}, false},
		"times were left out": {ingest.Stat{Size: 1, Inode: 4}, ingest.Stat{Size: 1, Inode: 4}, false},
	} {
		if got := ingest.Unchanged(c.old, c.now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSettled(t *testing.T) {
	now := time.Unix(1000, 0)
	at := func(sec int64) int64 { return time.Unix(sec, 0).UnixNano() }
	for name, c := range map[string]struct {
		stat ingest.Stat
		kept bool
	}{
		"old":             {ingest.Stat{ModTime: at(900), ChangeTime: at(990)}, true},
		"just written":    {ingest.Stat{ModTime: at(999), ChangeTime: at(999)}, false},
		"just touched":    {ingest.Stat{ModTime: at(900), ChangeTime: at(999)}, false},
		"from the future": {ingest.Stat{ModTime: at(2000), ChangeTime: at(900)}, false},
	} {
		got := c.stat.Settled(now)
		if c.kept && got != c.stat || !c.kept && (got.ModTime != 0 || got.ChangeTime != 0) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCompareNeedsNoContentWhenNothingHappened(t *testing.T) {
	e := ingest.Entry{Stat: ingest.Stat{Size: 1, ModTime: 2}} // Hash is nil: calling it panics
	got, _, err := e.Compare(t.Context(), ingest.Fingerprint{Stat: e.Stat})
	if got != ingest.Same || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}
