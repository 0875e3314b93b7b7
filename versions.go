package albertsearch

import (
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract/formats"
)

// versions are those of the code that reads and splits documents.
type versions struct {
	splitter int
	readers  map[string]int // by type
}

func currentVersions() versions {
	v := versions{splitter: ingest.SplitVersion, readers: map[string]int{}}
	for _, f := range formats.All() {
		v.readers[f.Name] = f.Version
	}
	return v
}

// with returns the versions of the readers that the sources have. Of a reader of
// which they have several versions the lowest counts, so that no document is read
// again each time; sources that do not say have the built-in ones.
func (v versions) with(sources []ingest.Source) versions {
	w := versions{splitter: v.splitter, readers: map[string]int{}}
	for _, s := range sources {
		readers := ingest.VersionsOf(s)
		if readers == nil {
			readers = v.readers
		}
		for name, version := range readers {
			if have, ok := w.readers[name]; !ok || version < have {
				w.readers[name] = version
			}
		}
	}
	return w
}

// of returns the versions to be kept of a document.
func (v versions) of(doc *ingest.Document) document.Versions {
	read := doc.Versions()
	if read.Reader == 0 { // an Extractor that has none
		read.Reader = v.readers[doc.Type]
	}
	return read
}

// failed returns the versions to be kept of a document that could not be read.
func (v versions) failed(container int) document.Versions {
	return document.Versions{Reader: v.all(), Container: container}
}

// all is the sum of the versions of all readers, which is larger when one of them
// is newer, or when there is another.
func (v versions) all() int {
	sum := 0
	for _, version := range v.readers {
		sum += version
	}
	return sum
}

// areNewer reports whether a document was read or split by older code, or before
// versions were recorded, and of one that could not be read whether there is a
// newer reader now. container is what Versions.Container would be now.
func (v versions) areNewer(info *index.Info, container int) bool {
	have := info.Versions
	switch info.State {
	case index.Indexed:
		return have.Reader < v.readers[info.Type] || have.Splitter < v.splitter || have.Container < container
	case index.Failed:
		return have.Reader < v.all() || have.Container < container
	}
	return false // looked at each time
}
