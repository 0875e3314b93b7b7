package albertsearch

import (
	"errors"
	"path"
	"strings"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/ingest/extract"
)

// versions are those of the code that reads and splits documents.
type versions struct {
	splitter   int
	readers    map[string]int  // by type
	texts      map[string]bool // the types that are text in some encoding
	containers []extract.Container
}

func currentVersions(o Options) versions {
	v := versions{splitter: ingest.SplitVersion, readers: map[string]int{}, texts: map[string]bool{}, containers: o.containers()}
	for _, f := range o.formats() {
		v.readers[f.Name], v.texts[f.Name] = f.Version, f.Text
	}
	return v
}

// with returns the versions of the readers that the sources have. Of a reader of
// which they have several versions the lowest counts, so that no document is read
// again each time; sources that do not say have the built-in ones.
func (v versions) with(sources []ingest.Source) versions {
	w := versions{splitter: v.splitter, readers: map[string]int{}, texts: v.texts, containers: v.containers}
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

// failed returns what is to be kept of a document that could not be read: the type
// that it was taken for, if that is known, and versions.
func (v versions) failed(err error, e ingest.Entry) (typ string, _ document.Versions) {
	if f := (*extract.FormatError)(nil); errors.As(err, &f) {
		return f.Format, document.Versions{Reader: f.Version, Container: e.Container, Encoding: e.Encoding}
	}
	return "", document.Versions{Reader: v.all(), Container: e.Container, Encoding: e.Encoding}
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
	have, now := info.Versions, v.readers[info.Type]
	switch info.State {
	case index.Indexed:
		return have.Reader < now || have.Splitter < v.splitter || have.Container < container
	case index.Failed:
		if info.Type == "" { // as whatever it may be read now
			now = v.all()
		}
		return have.Reader < now || have.Container < container
	}
	return false // looked at each time
}

// container returns what Versions.Container of a document would be now, as far as
// its ID tells: the names in it say which containers it is in. It is 0 where they
// do not.
func (v versions) container(id string) int {
	if !strings.Contains(id, "#") {
		return 0
	}
	parsed, err := ingest.ParseID(id)
	if err != nil {
		return 0
	}
	names := append([]string{parsed.File}, parsed.Members...)
	if parsed.Number == 0 {
		names = names[:len(names)-1] // the last is the document's own
	}
	sum := 0
	for _, name := range names {
		version := 0
		for _, kind := range v.containers {
			// Of several the content has decided, which is not at hand: the lowest,
			// so that nothing is called older that is not.
			if kind.Named(path.Base(name)) && (version == 0 || kind.Version() < version) {
				version = kind.Version()
			}
		}
		if version == 0 {
			return 0
		}
		sum += version
	}
	return sum
}

// differ reports whether the document of an entry would be read otherwise now: by
// newer code, or in another character set, which counts for texts and for what
// could not be read.
func (v versions) differ(info *index.Info, e ingest.Entry) bool {
	if v.areNewer(info, e.Container) {
		return true
	}
	return info.Versions.Encoding != e.Encoding && (v.texts[info.Type] || info.State == index.Failed && info.Type == "")
}
