package ziplimit_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/albert-search/albert-search/internal/ziplimit"
)

// end is the length of the last record of an archive without a comment.
const end = 22

func archive(t testing.TB, entries int, comment string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := range entries {
		if _, err := z.Create(fmt.Sprint("file ", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.SetComment(comment), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// claiming is an archive that says that it has so many entries.
func claiming(archive []byte, entries uint16) []byte {
	b := bytes.Clone(archive)
	binary.LittleEndian.PutUint16(b[len(b)-end+10:], entries)
	return b
}

// claiming64 says so in a record of the form for large archives, with so many bytes
// before it all.
func claiming64(archive []byte, entries, before uint64) []byte {
	directory, last := archive[:len(archive)-end], claiming(archive, 0xffff)[len(archive)-end:]
	at := before + uint64(len(directory))
	b := append(bytes.Clone(directory), "PK\x06\x06"...)
	b = binary.LittleEndian.AppendUint64(b, 44)      // the bytes that follow
	b = append(b, make([]byte, 2+2+4+4)...)          // versions, disks
	b = binary.LittleEndian.AppendUint64(b, entries) // on this disk
	b = binary.LittleEndian.AppendUint64(b, entries)
	b = binary.LittleEndian.AppendUint64(b, uint64(binary.LittleEndian.Uint32(last[12:])))
	b = binary.LittleEndian.AppendUint64(b, uint64(binary.LittleEndian.Uint32(last[16:])))
	b = append(b, "PK\x06\x07\x00\x00\x00\x00"...)
	b = binary.LittleEndian.AppendUint64(b, at)
	b = binary.LittleEndian.AppendUint32(b, 1) // disk
	return append(b, last...)
}

// padded has zeros before its end.
type padded struct {
	zeros int64
	end   []byte
}

func (p padded) ReadAt(b []byte, off int64) (n int, err error) {
	for ; n < len(b); n++ {
		switch at := off + int64(n) - p.zeros; {
		case at < 0:
			b[n] = 0
		case at < int64(len(p.end)):
			b[n] = p.end[at]
		default:
			return n, io.EOF
		}
	}
	return n, nil
}

func TestOpen(t *testing.T) {
	const limit = 100
	three := archive(t, 3, "")
	for name, c := range map[string]struct {
		archive []byte
		entries int // less than 0: too many
	}{
		"few":                    {three, 3},
		"none":                   {archive(t, 0, ""), 0},
		"as many as are allowed": {archive(t, limit, ""), limit},
		"more":                   {archive(t, limit+1, ""), -1},
		"a comment":              {archive(t, 3, string(bytes.Repeat([]byte("comment"), 5000))), 3},
		"zip64":                  {claiming64(three, 3, 0), 3},
		"says more than it has":  {claiming(three, limit+1), -1},
		"the same, zip64":        {claiming64(three, limit+1, 0), -1},
	} {
		z, err := ziplimit.Open(bytes.NewReader(c.archive), int64(len(c.archive)), limit)
		switch {
		case c.entries < 0 && !errors.Is(err, ziplimit.ErrEntries):
			t.Errorf("%s: error %v", name, err)
		case c.entries >= 0 && (err != nil || len(z.File) != c.entries):
			t.Errorf("%s: %+v, %v", name, z, err)
		}
	}
	// 1 GB, in which package zip would make room for 30 million entries.
	large := padded{1 << 30, claiming64(three, 30_000_000, 1<<30)}
	if _, err := ziplimit.Open(large, large.zeros+int64(len(large.end)), limit); !errors.Is(err, ziplimit.ErrEntries) {
		t.Errorf("30 million entries that are not there: error %v", err)
	}
	for n := range three { // cut short anywhere
		if _, err := ziplimit.Open(bytes.NewReader(three[:n]), int64(n), limit); err == nil || errors.Is(err, ziplimit.ErrEntries) {
			t.Errorf("the first %d bytes: error %v", n, err)
		}
	}
}

// FuzzOpen checks that what package zip opens is opened, but for what has or says
// it has too much.
func FuzzOpen(f *testing.F) {
	three := archive(f, 3, "comment")
	f.Add(three)
	f.Add(claiming(archive(f, 3, ""), 200))
	f.Add(claiming64(archive(f, 3, ""), 3, 0))
	f.Add(archive(f, 40, ""))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 30
		z, err := ziplimit.Open(bytes.NewReader(data), int64(len(data)), limit)
		want, wantErr := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		switch {
		case errors.Is(err, ziplimit.ErrEntries):
		case (err == nil) != (wantErr == nil):
			t.Fatalf("error %v, of package zip %v", err, wantErr)
		case err == nil && (len(z.File) > limit || len(z.File) != len(want.File)):
			t.Fatalf("%d entries, package zip has %d", len(z.File), len(want.File))
		}
	})
}
