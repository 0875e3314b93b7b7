package local

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/mmap-go"

	"github.com/albert-search/albert-search/index"
)

// salvage is what can be read of a damaged index: documents and passages whose
// checksums hold. All else can be made of them.
type salvage struct {
	dir string
	// base is the manifest of the generation that is saved. Of an index whose
	// CURRENT or MANIFEST is damaged it may be the one before the newest.
	base *manifest
	// trusted tells that the checksum of base holds.
	trusted bool
	// folders are those of base and of the other generations, which may have
	// what base lacks.
	folders []string
	// unread is why something could not be read, if it could not. It may be as
	// whole as ever: to go on without it would lose what the index has.
	unread error
	// deleted is nil if nothing tells which documents were deleted.
	deleted *roaring.Bitmap
	touched map[uint32]*docRecord
	// newest is the highest number of a generation, damaged or not, and current
	// that which CURRENT names, or the newest when CURRENT names none.
	newest, current uint64
}

// openSalvage finds the newest generation of which something can be saved.
func openSalvage(ctx context.Context, dir string) (*salvage, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &salvage{dir: dir}
	var generations []uint64
	for _, e := range entries {
		if n, ok := parseGen(e.Name()); ok {
			generations = append(generations, n)
		}
	}
	slices.Sort(generations)
	slices.Reverse(generations)
	cur, err := readCurrent(dir)
	s.note(err)
	sums := map[uint64]uint32{cur.generation: cur.manifest}
	var doubtful *manifest
	for _, n := range generations {
		gen := filepath.Join(dir, genName(n))
		s.newest = max(s.newest, n)
		s.folders = append(s.folders, gen)
		text, err := os.ReadFile(filepath.Join(gen, manifestName))
		if err != nil {
			s.note(err)
			continue
		}
		m, err := decodeManifest(gen, text)
		if err != nil || m.Generation != n {
			continue
		}
		if m.Format > formatVersion {
			return nil, newerFormat(dir, m.Format)
		}
		sum, known := sums[n]
		switch {
		case known && sum == crc32.Checksum(text, castagnoli):
			sums[n-1] = m.Previous
			if s.base == nil {
				s.base, s.trusted = m, true
			}
		case doubtful == nil && allKnown(text):
			doubtful = m
		}
	}
	if s.current = cur.generation; s.current == 0 {
		s.current = s.newest
	}
	if s.base == nil { // one of its numbers may be wrong
		s.base = doubtful
	}
	if s.base == nil {
		return nil, fmt.Errorf("%s: %w: no generation has a MANIFEST that says what kind of index it was", dir, index.ErrBeyondRepair)
	}
	gen := filepath.Join(dir, genName(s.base.Generation))
	s.folders = slices.DeleteFunc(s.folders, func(f string) bool { return f == gen })
	s.folders = slices.Insert(s.folders, 0, gen)
	s.readLists(ctx)
	return s, s.readable()
}

// note remembers an error of the disk, as opposed to one of what is on it.
func (s *salvage) note(err error) {
	for _, damage := range []error{fs.ErrNotExist, syscall.ENOTDIR, syscall.EISDIR, index.ErrDamaged} {
		if errors.Is(err, damage) {
			return
		}
	}
	if s.unread == nil {
		s.unread = err
	}
}

// readable returns an error if something could not be read.
func (s *salvage) readable() error {
	if s.unread == nil {
		return nil
	}
	return fmt.Errorf("%w; try again, or copy what can be read to another disk and repair the copy", s.unread)
}

// allKnown tells whether a manifest has no field but those of this program: of
// one that is damaged another may be a name that was changed.
func allKnown(manifestText []byte) bool {
	d := json.NewDecoder(bytes.NewReader(manifestText))
	d.DisallowUnknownFields()
	return d.Decode(new(manifest)) == nil
}

// readLists reads which documents are deleted and touched.
func (s *salvage) readLists(ctx context.Context) {
	if path := s.intact(deletedName); path != "" {
		var err error
		s.deleted, err = readDeleted(path)
		s.note(err)
	}
	if path := s.intact(touchedName); path != "" {
		b, err := os.ReadFile(path)
		s.note(err)
		if err == nil {
			s.touched, _ = decodeTouched(b)
		}
	}
	if s.deleted == nil && ctx.Err() == nil {
		s.deleted = s.deletedByPostings()
	}
}

// file returns what the manifest says of a file.
func (s *salvage) file(name string) (fileSum, bool) {
	i := slices.IndexFunc(s.base.Files, func(f fileSum) bool { return f.Name == name })
	if i < 0 {
		return fileSum{}, false
	}
	return s.base.Files[i], true
}

// intact returns the path of a file that is as the manifest says, in whatever
// generation, or "".
func (s *salvage) intact(name string) string {
	want, ok := s.file(name)
	if !ok {
		return ""
	}
	for _, folder := range s.folders {
		path := filepath.Join(folder, filepath.FromSlash(name))
		size, crc, err := sumFile(path)
		if err == nil && size == want.Size && crc == want.CRC32C {
			return path
		}
		s.note(err)
	}
	return ""
}

// deletedByPostings tells the deleted documents by their passages, which the
// postings no longer have. It returns nil if the postings are damaged too.
func (s *salvage) deletedByPostings() (deleted *roaring.Bitmap) {
	defer func() {
		if recover() != nil { // of Bleve, over what no checksum has shown
			deleted = nil
		}
	}()
	for _, f := range s.base.Files {
		if filepath.Dir(f.Name) == postingsName && s.intact(f.Name) != filepath.Join(s.folders[0], filepath.FromSlash(f.Name)) {
			return nil
		}
	}
	p, err := openPostings(filepath.Join(s.folders[0], postingsName), true)
	if err != nil {
		if errors.Is(err, syscall.EIO) { // others may be of Bleve's, over what is damaged
			s.note(err)
		}
		return nil
	}
	defer p.close()
	snapshot, err := p.reader()
	if err != nil {
		return nil
	}
	defer snapshot.Close()
	rows := roaring.New()
	ids, err := snapshot.DocIDReaderAll()
	if err != nil {
		return nil
	}
	defer ids.Close()
	for {
		id, err := ids.Next()
		if err != nil {
			return nil
		}
		if id == nil {
			break
		}
		key, err := snapshot.ExternalID(id)
		if err != nil {
			return nil
		}
		row, err := parseRowKey(key)
		if err != nil {
			return nil
		}
		rows.Add(row)
	}
	deleted = roaring.New()
	for _, name := range s.base.Segments {
		if seg := s.segment(name); seg != nil {
			for _, d := range seg.docs {
				if d.info.Passages > 0 && !rows.Contains(d.first) {
					deleted.Add(d.number)
				}
			}
			seg.close()
		}
	}
	return deleted
}

// salvaged is a document of which something can be read.
type salvaged struct {
	doc index.Document
	// vectorless tells that the vectors of its passages cannot be trusted.
	vectorless bool
	// lost says why the document cannot be saved; empty if it can.
	lost string
}

// documents iterates over the documents that were not deleted, in ascending
// order of number. An error says that documents were lost of which not even
// the names can be read, or that ctx has ended.
func (s *salvage) documents(ctx context.Context) iter.Seq2[*salvaged, error] {
	return func(yield func(*salvaged, error) bool) {
		for _, name := range s.base.Segments {
			seg := s.segment(name)
			if seg == nil {
				if !yield(nil, damaged(filepath.Join(s.folders[0], filepath.Base(name)), "cannot be read at all")) {
					return
				}
				continue
			}
			ok := s.segmentDocuments(ctx, seg, yield)
			seg.close()
			if !ok {
				return
			}
		}
	}
}

func (s *salvage) segmentDocuments(ctx context.Context, seg *salvagedSegment, yield func(*salvaged, error) bool) bool {
	at := 0
	for _, d := range seg.docs {
		first := at
		at += d.info.Passages
		if s.deleted != nil && s.deleted.Contains(d.number) {
			continue
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		if !yield(seg.document(d, s.touched[d.number], first), nil) {
			return false
		}
	}
	if seg.unnamed || !seg.named { // and what was read of them may be wrong
		return yield(nil, damaged(seg.path, "has documents whose names cannot be read"))
	}
	return true
}

// segment opens a segment in the best state that there is; nil if none of its
// documents can be read.
func (s *salvage) segment(name string) *salvagedSegment {
	name = filepath.Base(name)
	if path := s.intact(name); path != "" {
		seg, err := salvageSegment(path)
		if err == nil {
			return seg
		}
		s.note(err)
	}
	for _, folder := range s.folders {
		seg, err := salvageSegment(filepath.Join(folder, name))
		if err != nil {
			s.note(err)
			continue
		}
		if seg.whole && s.trusted {
			seg.close() // not a damaged segment but another one in its place
			continue
		}
		return seg
	}
	return nil
}

// salvagedSegment is a segment file that may be damaged.
type salvagedSegment struct {
	path string
	data mmap.MMap
	dim  int
	docs []*docRecord
	// whole tells that all checksums hold, named that that of the documents
	// does; unnamed that there are some after docs that cannot be read.
	whole, named, unnamed bool
	vectors               []byte   // nil if their checksum does not hold
	offsets               []uint64 // of the passages; nil if they cannot be found
	records               []byte
}

// salvageSegment opens a segment as far as it can be read.
func salvageSegment(path string) (_ *salvagedSegment, err error) {
	data, err := mapFile(path, fitsSegment)
	if err != nil {
		return nil, err
	}
	f, err := decodeFooter(data)
	if err != nil {
		return nil, errors.Join(damaged(path, err.Error()), data.Unmap())
	}
	s := &salvagedSegment{path: path, data: data, dim: int(f.dim), whole: true}
	part := func(i int) (b []byte, intact bool) {
		b = data[f.sections[i].offset : f.sections[i].offset+f.sections[i].length]
		intact = crc32.Checksum(b, castagnoli) == f.sections[i].crc
		s.whole = s.whole && intact
		return b, intact
	}
	if b, ok := part(secVectors); ok {
		s.vectors = b
	}
	s.records, _ = part(secPassages) // each has a checksum of its own
	if b, ok := part(secOffsets); ok {
		s.offsets = readOffsets(b, uint64(len(s.records)))
	}
	part(secRows) // which follow from the documents
	var rest []byte
	rest, s.named = part(secDocs)
	at := 0
	for range f.docs {
		d, after, err := decodeDoc(rest)
		if err != nil || d.info.Passages > int(f.rows)-at {
			s.unnamed = true
			break
		}
		at += d.info.Passages
		s.docs, rest = append(s.docs, d), after
	}
	return s, nil
}

// readOffsets returns the offsets of passages in limit bytes, nil if they are
// none.
func readOffsets(b []byte, limit uint64) []uint64 {
	offsets := make([]uint64, len(b)/8)
	last := uint64(0)
	for i := range offsets {
		at := binary.LittleEndian.Uint64(b[8*i:])
		if at < last || at > limit {
			return nil
		}
		offsets[i], last = at, at
	}
	return offsets
}

func (s *salvagedSegment) close() error { return s.data.Unmap() }

// document reads the document d, whose passages begin at a position; touched is
// what of it counts instead, if not nil.
func (s *salvagedSegment) document(d, touched *docRecord, pos int) *salvaged {
	out := &salvaged{doc: index.Document{Info: d.info}}
	switch {
	case !s.named:
		out.lost = "its record is damaged"
		return out
	case s.offsets == nil && d.info.Passages > 0:
		out.lost = "its passages cannot be found"
		return out
	case touched != nil:
		out.doc.Info = touched.info
	}
	for i := range d.info.Passages {
		p, err := decodePassage(s.records[s.offsets[pos+i]:s.offsets[pos+i+1]])
		if err != nil {
			out.lost = fmt.Sprintf("passage %d of it is damaged", i+1)
			return out
		}
		if p.Vector = s.vector(pos + i); checkVector(p.Vector, s.dim) != nil {
			out.vectorless = true
		}
		out.doc.Content = append(out.doc.Content, p)
	}
	return out
}

// vector returns a copy of a vector, nil if it cannot be trusted.
func (s *salvagedSegment) vector(pos int) []float32 {
	if s.vectors == nil || s.dim == 0 {
		return nil
	}
	v := make([]float32, s.dim)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(s.vectors[4*(pos*s.dim+i):]))
	}
	return v
}
