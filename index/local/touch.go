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
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// touch gives a document another Info. changed has what the batch has made of
// documents so far, byID what was there before.
func (c *change) touch(info *index.Info, changed, byID map[string]*segment.Doc) error {
	old, put := changed[info.ID]
	if !put {
		old = byID[info.ID]
	}
	if old == nil {
		return nil
	}
	if info.Title != old.Info.Title || info.Path != old.Info.Path || info.State != old.Info.State {
		return fmt.Errorf("document %s: touching it cannot change its title, path or state; put it again", info.ID)
	}
	d := *old
	d.Info = *info
	d.Info.Passages = old.Info.Passages
	if put {
		*old = d // which no search has seen yet
		return nil
	}
	// What searches see now is what a reader will, and shares nothing with the
	// caller.
	kept, _, err := segment.DecodeDoc(segment.AppendDoc(nil, &d))
	if err != nil {
		return fmt.Errorf("document %s: %w", info.ID, err)
	}
	c.touched[kept.Number] = kept
	return nil
}

// encodeTouched returns the content of the file touched: the records in
// ascending order of number.
func encodeTouched(touched map[segment.DocNumber]*segment.Doc) []byte {
	var b []byte
	for _, number := range slices.Sorted(maps.Keys(touched)) {
		b = segment.AppendDoc(b, touched[number])
	}
	return b
}

// decodeTouched is the inverse of encodeTouched.
func decodeTouched(b []byte, format int) (map[segment.DocNumber]*segment.Doc, error) {
	touched := make(map[segment.DocNumber]*segment.Doc)
	var last *segment.Doc
	decode := segment.DecodeDoc
	if format == 1 {
		decode = segment.DecodeDocV1
	}
	for len(b) > 0 {
		d, rest, err := decode(b)
		if err != nil {
			return nil, fmt.Errorf("does not parse: %w", err)
		}
		if last != nil && d.Number <= last.Number {
			return nil, errors.New("has documents out of order")
		}
		touched[d.Number] = d
		last, b = d, rest
	}
	return touched, nil
}

// readTouched reads the touched documents of a generation. The manifest has
// the checksum of the file, and does not name it when there are none.
func readTouched(dir string, m *manifest) (map[segment.DocNumber]*segment.Doc, error) {
	if !slices.ContainsFunc(m.Files, func(f fileSum) bool { return f.Name == touchedName }) {
		return make(map[segment.DocNumber]*segment.Doc), nil
	}
	path := filepath.Join(dir, touchedName)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	touched, err := decodeTouched(b, m.Format)
	if err != nil {
		return nil, disk.Damaged(path, err.Error())
	}
	return touched, nil
}

// checkTouched checks that each touched document is live and has the rows that
// its segment says.
func checkTouched(segs []*segReader, deleted *roaring.Bitmap, touched map[segment.DocNumber]*segment.Doc) error {
	found := 0
	for _, s := range segs {
		for number, t := range touched {
			i, ok := s.Find(number)
			if !ok {
				continue
			}
			d, err := s.Doc(i)
			if err != nil {
				return err
			}
			if t.Info.ID != d.Info.ID || t.First != d.First || t.Info.Passages != d.Info.Passages || deleted.Contains(uint32(d.Number)) {
				return fmt.Errorf("has a document %q that is not there", t.Info.ID)
			}
			found++
		}
	}
	if found != len(touched) {
		return errors.New("has documents that are not there")
	}
	return nil
}
