package segment

import (
	"fmt"
	"time"

	"github.com/albert-search/albert-search/document"
)

// Records of format 1, which had no fields.

// DecodeDocV1 reads a document record of format 1 and returns the bytes after
// it.
func DecodeDocV1(b []byte) (*Doc, []byte, error) {
	d := new(Doc)
	rest, err := d.decodeV1(b, false)
	return d, rest, err
}

func (d *Doc) decodeV1(b []byte, alias bool) (rest []byte, err error) {
	r := reader{b: b, alias: alias}
	*d = Doc{Number: DocNumber(r.uint32()), First: Row(r.uint32())}
	i := &d.Info
	i.Passages = r.size()
	i.ID = r.sized()
	i.Path = r.sized()
	i.Title = r.sized()
	i.Type = r.sized()
	seconds, nanos := r.varint(), r.size()
	i.Modified = time.Unix(seconds, int64(nanos)).UTC()
	for n := r.count(); n > 0 && r.err == nil; n-- {
		if i.Metadata == nil {
			i.Metadata = make(map[string]string, n)
		}
		k := r.sized()
		i.Metadata[k] = r.sized()
	}
	f := &i.Fingerprint
	f.Size, f.ModTime, f.ChangeTime = r.varint(), r.varint(), r.varint()
	f.Inode = r.uvarint()
	copy(f.SHA256[:], r.bytes(len(f.SHA256)))
	if s := r.bytes(1); r.err == nil {
		i.State = document.State(s[0])
	}
	i.Reason = r.sized()
	i.Bytes = r.size()
	for n := range d.Lengths {
		d.Lengths[n] = FieldLength{r.uvarint(), r.uvarint()}
	}
	if uint64(d.First)+uint64(i.Passages) > MaxNumber {
		r.fail()
	}
	return r.b, r.err
}

// decodePassageV1 reads a passage record of format 1.
func decodePassageV1(record []byte) (document.Passage, error) {
	body, err := unseal(record)
	if err != nil {
		return document.Passage{}, err
	}
	r := reader{b: body}
	p := document.Passage{Start: r.size(), End: r.size(), Place: document.Place{Page: r.size(), Line: r.size(), Column: r.size()}}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		p.Heading = append(p.Heading, r.sized())
	}
	p.Text = string(r.b)
	if r.err == nil && p.End < p.Start {
		r.err = fmt.Errorf("%w: it ends before it begins", ErrRecord)
	}
	return p, r.err
}
