package local

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
)

// touch gives a document another Info. changed has what the batch has made of
// documents so far, byID what was there before.
func (c *change) touch(info *index.Info, changed, byID map[string]*docRecord) error {
	old, put := changed[info.ID]
	if !put {
		old = byID[info.ID]
	}
	if old == nil {
		return nil
	}
	if info.Title != old.info.Title || info.Path != old.info.Path || info.State != old.info.State {
		return fmt.Errorf("document %s: touching it cannot change its title, path or state; put it again", info.ID)
	}
	d := *old
	d.info = *info
	d.info.Passages = old.info.Passages
	if put {
		*old = d // which no search has seen yet
		return nil
	}
	// What searches see now is what a reader will, and shares nothing with the
	// caller.
	kept, _, err := decodeDoc(appendDoc(nil, &d))
	if err != nil {
		return fmt.Errorf("document %s: %w", info.ID, err)
	}
	c.touched[kept.number] = kept
	return nil
}

// encodeTouched returns the content of the file touched: the records in
// ascending order of number.
func encodeTouched(touched map[uint32]*docRecord) []byte {
	var b []byte
	for _, number := range slices.Sorted(maps.Keys(touched)) {
		b = appendDoc(b, touched[number])
	}
	return b
}

// decodeTouched is the inverse of encodeTouched.
func decodeTouched(b []byte) (map[uint32]*docRecord, error) {
	touched := make(map[uint32]*docRecord)
	var last *docRecord
	for len(b) > 0 {
		d, rest, err := decodeDoc(b)
		if err != nil {
			return nil, fmt.Errorf("does not parse: %w", err)
		}
		if last != nil && d.number <= last.number {
			return nil, errors.New("has documents out of order")
		}
		touched[d.number] = d
		last, b = d, rest
	}
	return touched, nil
}

// readTouched reads the touched documents of a generation. The manifest has
// the checksum of the file, and does not name it when there are none.
func readTouched(dir string, m *manifest) (map[uint32]*docRecord, error) {
	if !slices.ContainsFunc(m.Files, func(f fileSum) bool { return f.Name == touchedName }) {
		return make(map[uint32]*docRecord), nil
	}
	path := filepath.Join(dir, touchedName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	touched, err := decodeTouched(b)
	if err != nil {
		return nil, damaged(path, err.Error())
	}
	return touched, nil
}

// checkTouched checks that each touched document is live and has the rows that
// its segment says.
func checkTouched(segs []*segment, deleted *roaring.Bitmap, touched map[uint32]*docRecord) error {
	found := 0
	for _, s := range segs {
		for number, t := range touched {
			i, ok := s.find(number)
			if !ok {
				continue
			}
			d, err := s.doc(i)
			if err != nil {
				return err
			}
			if t.info.ID != d.info.ID || t.first != d.first || t.info.Passages != d.info.Passages || deleted.Contains(d.number) {
				return fmt.Errorf("has a document %q that is not there", t.info.ID)
			}
			found++
		}
	}
	if found != len(touched) {
		return errors.New("has documents that are not there")
	}
	return nil
}
