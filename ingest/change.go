package ingest

import (
	"context"
	"time"
)

// Unchanged reports whether the file surely is what it was when old was kept,
// by nothing but what the file system says. All fields have to be equal: none
// is compared for being older or newer, so that no change of a clock can hide
// a change. False means that the content has to be compared.
func Unchanged(old, now Stat) bool {
	return old.ModTime != 0 && old == now
}

// Change says what became of a document since the last run.
type Change uint8

// The kinds of change.
const (
	// Same: the file system says that nothing happened. Nothing was read.
	Same Change = iota
	// Touched: the content is the same, the fingerprint has to be replaced.
	Touched
	// Changed: the content is another one and has to be loaded.
	Changed
)

// Compare says what became of a document whose fingerprint was old, and
// returns the fingerprint to be kept from now on. It reads the content only
// when the file system's word is not enough. For a Changed document the
// fingerprint that counts is the one that Load returns.
func (e Entry) Compare(ctx context.Context, old Fingerprint) (Change, Fingerprint, error) {
	if Unchanged(old.Stat, e.Stat) {
		return Same, old, nil
	}
	sum, err := e.Hash(ctx)
	if err != nil {
		return Changed, Fingerprint{}, err
	}
	now := Fingerprint{Stat: e.Stat.Settled(time.Now()), SHA256: sum, Device: e.Device}
	switch {
	case sum != old.SHA256:
		return Changed, now, nil
	case now.Stat == old.Stat: // the device is no reason to write
		return Same, old, nil
	}
	return Touched, now, nil
}
