package segment

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// What a program that knew format 1 only has written.

func appendDocV1(b []byte, d *Doc) []byte {
	b = binary.AppendUvarint(b, uint64(d.Number))
	b = binary.AppendUvarint(b, uint64(d.First))
	b = binary.AppendUvarint(b, uint64(d.Info.Passages))
	for _, s := range []string{d.Info.ID, d.Info.Path, d.Info.Title, d.Info.Type} {
		b = appendString(b, s)
	}
	b = binary.AppendVarint(b, d.Info.Modified.Unix())
	b = binary.AppendUvarint(b, uint64(d.Info.Modified.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(len(d.Info.Metadata)))
	for _, k := range slices.Sorted(maps.Keys(d.Info.Metadata)) {
		b = appendString(appendString(b, k), d.Info.Metadata[k])
	}
	f := &d.Info.Fingerprint
	b = binary.AppendVarint(b, f.Size)
	b = binary.AppendVarint(b, f.ModTime)
	b = binary.AppendVarint(b, f.ChangeTime)
	b = binary.AppendUvarint(b, f.Inode)
	b = append(b, f.SHA256[:]...)
	b = append(b, byte(d.Info.State))
	b = appendString(b, d.Info.Reason)
	b = binary.AppendUvarint(b, uint64(d.Info.Bytes))
	for _, l := range d.Lengths {
		b = binary.AppendUvarint(b, l.Passages)
		b = binary.AppendUvarint(b, l.Tokens)
	}
	return b
}

func appendPassageV1(b []byte, p *document.Passage) []byte {
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	for _, v := range []int{p.Start, p.End, p.Place.Page, p.Place.Line, p.Place.Column, len(p.Heading)} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	for _, h := range p.Heading {
		b = appendString(b, h)
	}
	return seal(append(b, p.Text...), at)
}

// encodeV1 returns a segment file of format 1.
func encodeV1(dim int, docs []Source) []byte {
	var parts [numSections][]byte
	rows := uint32(0)
	parts[secOffsets] = binary.LittleEndian.AppendUint64(nil, 0)
	for _, d := range docs {
		for i, r := range d.Records {
			for _, x := range d.Vectors[i] {
				parts[secVectors] = appendFloat(parts[secVectors], x)
			}
			parts[secRows] = binary.LittleEndian.AppendUint32(parts[secRows], uint32(d.Doc.First)+uint32(i))
			parts[secPassages] = append(parts[secPassages], r...)
			parts[secOffsets] = binary.LittleEndian.AppendUint64(parts[secOffsets], uint64(len(parts[secPassages])))
			rows++
		}
		parts[secDocs] = appendDocV1(parts[secDocs], d.Doc)
	}
	var file, foot []byte
	for _, p := range parts {
		foot = binary.LittleEndian.AppendUint64(foot, uint64(len(file)))
		foot = binary.LittleEndian.AppendUint64(foot, uint64(len(p)))
		foot = binary.LittleEndian.AppendUint32(foot, disk.Sum(p))
		file = append(file, p...)
	}
	for _, n := range []uint32{rows, uint32(len(docs)), uint32(dim)} {
		foot = binary.LittleEndian.AppendUint32(foot, n)
	}
	foot = binary.LittleEndian.AppendUint32(foot, disk.Sum(foot))
	return append(append(file, foot...), magicV1...)
}
