package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/segment"
)

// migrate makes work from a generation of format 1, of which m is the manifest:
// the same documents with the same numbers, in files of this format. Vectors are
// copied and postings linked, so that nothing is embedded or analysed. It returns
// the manifest of work and its checksum. The generation stays as it is; whatever
// becomes of work, the next writer begins again.
func migrate(ctx context.Context, gen, work string, m *manifest, _ uint32) (*manifest, uint32, error) {
	if err := os.MkdirAll(filepath.Join(work, postingsName), dirMode); err != nil {
		return nil, 0, err
	}
	g := migration{ctx: ctx, gen: gen, work: work, next: *m}
	g.next.Format, g.next.Files = formatVersion, nil
	if m.Settings.Dim > 0 {
		g.next.Vectors = m.Passages // all have one
	}
	var same []string
	for _, f := range m.Files {
		if isCodes(f.Name) || strings.HasPrefix(f.Name, segPrefix) || f.Name == touchedName {
			continue
		}
		same, g.next.Files = append(same, f.Name), append(g.next.Files, f)
	}
	if err := cloneFiles(gen, work, same); err != nil {
		return nil, 0, err
	}
	touched, err := readTouched(gen, m)
	if err != nil {
		return nil, 0, err
	}
	if len(touched) > 0 {
		if err := g.made(touchedName, writeFile(filepath.Join(work, touchedName), encodeTouched(touched))); err != nil {
			return nil, 0, err
		}
	}
	if g.next.Segments, err = g.segments(m.Segments); err != nil {
		return nil, 0, err
	}
	if r := m.Reembedding; r != nil {
		next := *r
		if next.Segments, err = g.segments(r.Segments); err != nil {
			return nil, 0, err
		}
		g.next.Reembedding = &next
	}
	text, sum, err := g.next.encode()
	if err != nil {
		return nil, 0, err
	}
	return &g.next, sum, writeFile(filepath.Join(work, manifestName), text)
}

// migration is a generation on its way from format 1.
type migration struct {
	ctx       context.Context
	gen, work string
	next      manifest
}

// made lists a file of work, unless err says that it could not be written.
func (g *migration) made(name string, err error) error {
	if err != nil {
		return err
	}
	f := fileSum{Name: name}
	if f.Size, f.CRC32C, err = sumFileContext(g.ctx, filepath.Join(g.work, name)); err != nil {
		return err
	}
	g.next.Files = append(g.next.Files, f)
	return nil
}

func (g *migration) segments(old []segmentManifest) ([]segmentManifest, error) {
	list := make([]segmentManifest, 0, len(old))
	for _, m := range old {
		n, err := g.segment(m)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// segment writes a segment and its vectors into files of this format.
func (g *migration) segment(m segmentManifest) (made segmentManifest, err error) {
	old, err := openSegReader(g.gen, m)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, old.release()) }()
	number := g.next.NextFile
	g.next.NextFile++
	made.Name = segName(number)
	path := filepath.Join(g.work, made.Name)
	if err := g.made(made.Name, segment.Rewrite(g.ctx, path, old.File)); err != nil {
		return made, err
	}
	for _, v := range old.vecs {
		if !v.Intact() {
			return made, disk.Damaged(old.Path, "has vectors with a wrong checksum")
		}
		file, err := segment.Open(path, func(*segment.Doc) {})
		if err != nil {
			return made, err
		}
		name := fileName(vecPrefix, number)
		to := filepath.Join(g.work, name)
		err = segment.WriteVectors(to, file, v.Dim, func(pos segment.Position) []float32 { return v.At(int(pos)) })
		if err = errors.Join(err, file.Release()); err == nil {
			err = syncFile(to)
		}
		if err := g.made(name, err); err != nil {
			return made, err
		}
		made.Vectors = append(made.Vectors, name)
		if v.codes != nil { // which are of the same vectors
			name := codesName(name)
			if err := g.made(name, linkFile(v.codesPath(), filepath.Join(g.work, name))); err != nil {
				return made, fmt.Errorf("codes of %s: %w", m.Name, err)
			}
		}
	}
	return made, nil
}
