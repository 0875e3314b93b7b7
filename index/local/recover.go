package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// recovery is what can be read of a damaged index: documents and passages whose
// checksums hold. All else can be made of them.
type recovery struct {
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
	touched map[segment.DocNumber]*segment.Doc
	// newest is the highest number of a generation, damaged or not, and current
	// that which CURRENT names, or the newest when CURRENT names none.
	newest, current uint64
}

// openRecovery finds the newest generation of which something can be saved.
func openRecovery(ctx context.Context, dir string) (*recovery, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &recovery{dir: dir}
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
		if m.Format > formatVersion || len(m.Requires) > 0 {
			return nil, newerFormat(dir, m.Format, m.Requires)
		}
		sum, known := sums[n]
		switch {
		case known && sum == disk.Sum(text):
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
func (s *recovery) note(err error) {
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
func (s *recovery) readable() error {
	if s.unread == nil {
		return nil
	}
	return fmt.Errorf("%w; try again, or copy what can be read to another disk and repair the copy", s.unread)
}

// allKnown reports whether a manifest has no field but those of this program: of
// one that is damaged another may be a name that was changed.
func allKnown(manifestText []byte) bool {
	format, _ := formatOf(manifestText)
	return new(manifest).read(manifestText, format, false) == nil
}

// readLists reads which documents are deleted and touched.
func (s *recovery) readLists(ctx context.Context) {
	if path := s.intact(deletedName); path != "" {
		var err error
		s.deleted, err = readDeleted(path)
		s.note(err)
	}
	if path := s.intact(touchedName); path != "" {
		b, err := os.ReadFile(path)
		s.note(err)
		if err == nil {
			s.touched, _ = decodeTouched(b, s.base.Format)
		}
	}
	if s.deleted == nil && ctx.Err() == nil {
		s.deleted = s.deletedByPostings()
	}
}

// file returns what the manifest says of a file.
func (s *recovery) file(name string) (fileSum, bool) {
	i := slices.IndexFunc(s.base.Files, func(f fileSum) bool { return f.Name == name })
	if i < 0 {
		return fileSum{}, false
	}
	return s.base.Files[i], true
}

// intact returns the path of a file that is as the manifest says, in whatever
// generation, or "".
func (s *recovery) intact(name string) string {
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
func (s *recovery) deletedByPostings() (deleted *roaring.Bitmap) {
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
	p, err := postings.Open(filepath.Join(s.folders[0], postingsName), true)
	if err != nil {
		if errors.Is(err, syscall.EIO) { // others may be of Bleve's, over what is damaged
			s.note(err)
		}
		return nil
	}
	defer p.Close()
	reader, err := p.Reader(0, postings.Lengths{}, nil)
	if err != nil {
		return nil
	}
	defer reader.Close()
	rows, err := reader.All()
	if err != nil {
		return nil
	}
	deleted = roaring.New()
	for _, m := range s.base.Segments {
		if f := s.texts(filepath.Base(m.Name)); f != nil {
			for i := range f.Docs() {
				if f.Passages(i) > 0 && !rows.Contains(uint32(f.First(i))) {
					deleted.Add(uint32(f.Number(i)))
				}
			}
			f.Release()
		}
	}
	return deleted
}

// recovered is a document of which something can be read.
type recovered struct {
	doc index.Document
	// vectorless says that passages of it had a vector that cannot be trusted.
	vectorless bool
	// lost says why the document cannot be saved; empty if it can.
	lost string
}

// documents iterates over the documents that were not deleted, in ascending
// order of number. An error says that documents were lost of which not even
// the names can be read, or that ctx has ended.
func (s *recovery) documents(ctx context.Context) iter.Seq2[*recovered, error] {
	return func(yield func(*recovered, error) bool) {
		for _, m := range s.base.Segments {
			seg := s.segment(m)
			if seg == nil {
				if !yield(nil, disk.Damaged(filepath.Join(s.folders[0], filepath.Base(m.Name)), "cannot be read at all")) {
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

func (s *recovery) segmentDocuments(ctx context.Context, seg *damagedSegment, yield func(*recovered, error) bool) bool {
	for i := range seg.Docs() {
		number := seg.Number(i)
		if s.deleted != nil && s.deleted.Contains(uint32(number)) {
			continue
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return false
		}
		if !yield(seg.document(i, s.touched[number]), nil) {
			return false
		}
	}
	if seg.Damage().Names { // and what was read of them may be wrong
		return yield(nil, disk.Damaged(seg.Path, "has documents whose names cannot be read"))
	}
	return true
}

// segment opens a segment in the best state that there is; nil if none of its
// documents can be read.
func (s *recovery) segment(m segmentManifest) *damagedSegment {
	f := s.texts(filepath.Base(m.Name))
	if f == nil {
		return nil
	}
	seg := &damagedSegment{File: f}
	if v := f.InFile(); v != nil && v.Intact() {
		seg.vecs = append(seg.vecs, v)
	} else if v != nil {
		seg.lostVectors = true
		v.Release()
	}
	for _, name := range m.Vectors {
		v := openBest(s, name, func(path string) (*segment.Vectors, error) {
			v, err := segment.OpenVectors(path, f)
			if err == nil && !v.Intact() {
				return nil, errors.Join(disk.Damaged(path, "has vectors with a wrong checksum"), v.Release())
			}
			return v, err
		})
		if v == nil {
			seg.lostVectors = true
			continue
		}
		seg.vecs = append(seg.vecs, v)
	}
	for _, name := range m.Annotations {
		if a := openBest(s, name, func(path string) (*segment.Annotations, error) { return segment.OpenAnnotations(path, f) }); a != nil {
			seg.anns = append(seg.anns, a)
		}
	}
	return seg
}

// texts opens the file of a segment in the best state that there is, nil if there
// is none.
func (s *recovery) texts(name string) *segment.File {
	if path := s.intact(name); path != "" {
		f, err := segment.Recover(path)
		if err == nil {
			return f
		}
		s.note(err)
	}
	for _, folder := range s.folders {
		f, err := segment.Recover(filepath.Join(folder, name))
		if err != nil {
			s.note(err)
			continue
		}
		if !f.Damage().Any && s.trusted {
			f.Release() // not a damaged segment but another one in its place
			continue
		}
		return f
	}
	return nil
}

// openBest opens a file that is intact, wherever there is one, or returns nil. Of
// an index whose MANIFEST cannot be trusted a file counts that open finds intact.
func openBest[T any](s *recovery, name string, open func(path string) (*T, error)) *T {
	name = filepath.Base(name)
	paths := []string{s.intact(name)}
	if !s.trusted {
		for _, folder := range s.folders {
			paths = append(paths, filepath.Join(folder, name))
		}
	}
	for _, path := range paths {
		if path == "" {
			continue
		}
		f, err := open(path)
		if err == nil {
			return f
		}
		s.note(err)
	}
	return nil
}

// damagedSegment is a segment of which some may be damaged.
type damagedSegment struct {
	*segment.File
	vecs []*segment.Vectors // that are intact
	anns []*segment.Annotations
	// lostVectors says that there are files of vectors that are not.
	lostVectors bool
}

func (s *damagedSegment) close() (err error) {
	for _, v := range s.vecs {
		err = errors.Join(err, v.Release())
	}
	for _, a := range s.anns {
		err = errors.Join(err, a.Release())
	}
	return errors.Join(err, s.Release())
}

// document reads the i-th document; touched is what of it counts instead, if not
// nil.
func (s *damagedSegment) document(i int, touched *segment.Doc) *recovered {
	d, err := s.Doc(i)
	if err != nil {
		return &recovered{lost: "its record is damaged"}
	}
	out := &recovered{doc: index.Document{Info: d.Info}}
	switch {
	case s.Damage().Docs:
		out.lost = "its record is damaged"
		return out
	case s.Damage().Texts && d.Info.Passages > 0:
		out.lost = "its passages cannot be found"
		return out
	case touched != nil:
		out.doc.Info = touched.Info
	}
	for n := range d.Info.Passages {
		pos := s.At(i) + segment.Position(n)
		p, err := s.Passage(pos, s.anns)
		if err != nil {
			p, err = s.Passage(pos, nil) // without what was annotated later
		}
		if err != nil {
			out.lost = fmt.Sprintf("passage %d of it is damaged", n+1)
			return out
		}
		if p.Vector = s.vector(d.First + segment.Row(n)); p.Vector == nil {
			out.vectorless = out.vectorless || s.lostVectors
		}
		out.doc.Content = append(out.doc.Content, p)
	}
	return out
}

// vector returns a copy of a vector, nil if there is none that can be trusted.
func (s *damagedSegment) vector(row segment.Row) []float32 {
	for _, v := range slices.Backward(s.vecs) {
		if i, ok := v.Find(row); ok && index.ValidateVector(v.At(i), v.Dim) == nil {
			return slices.Clone(v.At(i))
		}
	}
	return nil
}
