package torchfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Before PyTorch 1.6 torch.save wrote five pickles one behind the other (a
// magic number, a version, facts about the machine, the dictionary, the keys
// of the storages) and then each storage with its length before it.

// legacyMagic is the first of the pickles.
var legacyMagic = []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e")

const legacyVersion = 1001

func (f *File) openLegacy(size int64) error {
	magic := make([]byte, len(legacyMagic))
	if n, err := f.r.ReadAt(magic, 0); n < len(magic) || !bytes.Equal(magic, legacyMagic) {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return errors.New("it is neither a ZIP archive nor begins as older files of PyTorch do")
	}
	in := newStream(f.r, int64(len(magic)), size)
	found := map[string]*storage{}
	resolve := func(id tuple) (*storage, error) { return legacyStorage(id, found) }
	var parts [4]any // version, machine, dictionary, keys
	for i := range parts {
		var err error
		if parts[i], err = newMachine(in, resolve).run(); err != nil {
			return fmt.Errorf("pickle %d: %w", i+2, err)
		}
	}
	if parts[0] != any(int64(legacyVersion)) {
		return fmt.Errorf("its version is %s, not %d", describe(parts[0]), legacyVersion)
	}
	if machine, ok := parts[1].(*dict); ok && machine.values["little_endian"] == false {
		return errors.New("only little-endian files are read")
	}
	if err := placeStorages(f.r, parts[3], found, in.at(), size); err != nil {
		return err
	}
	return f.collect(parts[2])
}

// placeStorages notes where the storages are, which come in the order of the
// keys.
func placeStorages(r io.ReaderAt, keys any, found map[string]*storage, at, size int64) error {
	order, ok := keys.(*list)
	if !ok {
		return fmt.Errorf("the keys of the storages are %s", describe(keys))
	}
	placed := make(map[string]bool, len(found))
	for _, k := range order.items {
		key, _ := k.(string)
		s := found[key]
		if s == nil || placed[key] {
			return fmt.Errorf("the storage %q belongs to no tensor, or comes twice", key)
		}
		placed[key] = true
		var length [8]byte
		if n, err := r.ReadAt(length[:], at); n < len(length) {
			return fmt.Errorf("the length of storage %q: %w", key, err)
		}
		at += int64(len(length))
		if n := binary.LittleEndian.Uint64(length[:]); n != uint64(s.len) {
			return fmt.Errorf("storage %q has %d elements, the dictionary says %d", key, n, s.len)
		}
		width := int64(s.typ.Size())
		if s.len > (size-at)/width {
			return fmt.Errorf("storage %q ends past the end of the file", key)
		}
		s.start = at
		at += s.len * width
	}
	if len(placed) < len(found) {
		return fmt.Errorf("%d storages are missing", len(found)-len(placed))
	}
	return nil
}

// legacyStorage resolves a persistent id, whose sixth element says which part
// of a storage is meant: None for all of it.
func legacyStorage(id tuple, found map[string]*storage) (*storage, error) {
	if len(id) > 5 && id[5] != nil {
		return nil, errors.New("it has views of storages, as PyTorch before 0.4 wrote; save it again with a newer one")
	}
	s, key, err := storageOf(id)
	if err != nil {
		return nil, err
	}
	if old := found[key]; old != nil {
		if old.typ != s.typ || old.len != s.len {
			return nil, fmt.Errorf("storage %q is described in two ways", key)
		}
		return old, nil
	}
	found[key] = s
	return s, nil
}
