package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/albert-search/albert-search/internal/ziplimit"
)

// maxPickle is the longest pickle read. A state dict needs some hundred bytes a
// tensor.
const maxPickle = 16 << 20

const pickleName = "data.pkl"

// archive is the ZIP form: NAME/data.pkl, NAME/data/KEY for each storage,
// NAME/byteorder.
type archive struct {
	entries map[string]*zip.File
	prefix  string
	size    int64
	// seen are the storages asked for, by key.
	seen map[string]*storage
}

// maxEntries is how many storages and the like an archive may have; checkpoints
// have some hundred to some thousand.
const maxEntries = 1 << 16

func (f *File) openZip(size int64) error {
	z, err := ziplimit.Open(f.r, size, maxEntries)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // nothing is unpacked
		return err
	}
	a := &archive{entries: make(map[string]*zip.File, len(z.File)), size: size, seen: map[string]*storage{}}
	pickle := ""
	for _, e := range z.File {
		if _, twice := a.entries[e.Name]; twice {
			return fmt.Errorf("the archive has two entries %q", e.Name)
		}
		a.entries[e.Name] = e
		if path.Base(e.Name) == pickleName && strings.Count(e.Name, "/") <= 1 {
			pickle = e.Name
		}
	}
	if pickle == "" {
		return fmt.Errorf("the archive has no %s: it is not what torch.save writes", pickleName)
	}
	a.prefix = strings.TrimSuffix(pickle, pickleName)
	for name := range a.entries {
		if strings.HasPrefix(name, a.prefix+"code/") {
			return errors.New("it is a TorchScript program, not a dictionary of tensors")
		}
	}
	if e := a.entries[a.prefix+"byteorder"]; e != nil {
		order, err := a.read(f.r, e, 16)
		if err != nil {
			return err
		}
		if string(order) != "little" {
			return fmt.Errorf("its byte order is %q; only little-endian files are read", order)
		}
	}
	text, err := a.read(f.r, a.entries[pickle], maxPickle)
	if err != nil {
		return err
	}
	root, err := newMachine(newInput(text), a.storage).run()
	if err != nil {
		return fmt.Errorf("%s: %w", pickle, err)
	}
	return f.collect(root)
}

// place is where in the file the bytes of an entry are.
func (a *archive) place(e *zip.File) (start, length int64, err error) {
	if e.Method != zip.Store {
		return 0, 0, fmt.Errorf("entry %q is compressed, which torch.save does not do", e.Name)
	}
	if start, err = e.DataOffset(); err != nil {
		return 0, 0, fmt.Errorf("entry %q: %w", e.Name, err)
	}
	if e.CompressedSize64 != e.UncompressedSize64 || start < 0 || start > a.size || e.UncompressedSize64 > uint64(a.size-start) {
		return 0, 0, fmt.Errorf("entry %q says that it has %d bytes, the file has %d", e.Name, e.UncompressedSize64, a.size)
	}
	return start, int64(e.UncompressedSize64), nil
}

func (a *archive) read(r io.ReaderAt, e *zip.File, limit int64) ([]byte, error) {
	start, n, err := a.place(e)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("entry %q has %d bytes, more than %d", e.Name, n, limit)
	}
	b := make([]byte, n)
	if got, err := r.ReadAt(b, start); got < len(b) {
		return nil, fmt.Errorf("entry %q: %w", e.Name, err)
	}
	return b, nil
}

// storage resolves a persistent id: ("storage", type, key, location, length).
func (a *archive) storage(id tuple) (*storage, error) {
	s, key, err := storageOf(id)
	if err != nil {
		return nil, err
	}
	if old := a.seen[key]; old != nil {
		if old.typ != s.typ || old.len != s.len {
			return nil, fmt.Errorf("storage %q is described in two ways", key)
		}
		return old, nil
	}
	e := a.entries[a.prefix+"data/"+key]
	if e == nil {
		return nil, fmt.Errorf("storage %q is not in the archive", key)
	}
	start, length, err := a.place(e)
	if err != nil {
		return nil, err
	}
	if length/int64(s.typ.Size()) != s.len {
		return nil, fmt.Errorf("storage %q has %d bytes, its %d elements of type %s need others", key, length, s.len, s.typ)
	}
	s.start = start
	a.seen[key] = s
	return s, nil
}
