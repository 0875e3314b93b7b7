package postings

import (
	"path/filepath"

	"github.com/blevesearch/bleve/v2/index/scorch"
	scorchapi "github.com/blevesearch/scorch_segment_api/v2"
	zap "github.com/blevesearch/zapx/v17"
)

// OpenNext opens postings for reading beside those of another Reader, which must
// not be closed meanwhile. Segments of Bleve's of which same says, by name, that
// both have the same file are not opened again: that is most of what opening costs.
func OpenNext(dir string, before *Reader, same func(name string) bool) (*Store, error) {
	shared := &sharedSegments{byName: make(map[string]scorchapi.PersistedSegment)}
	for _, s := range before.snapshot.Segments() {
		if seg, ok := s.Segment().(scorchapi.PersistedSegment); ok {
			if name := filepath.Base(seg.Path()); same(name) {
				shared.byName[name] = seg
			}
		}
	}
	// Segments keep the configuration; they must not keep each other.
	defer func() { shared.byName = nil }()
	return open(dir, true, map[string]any{sharedKey: shared})
}

// sharedKey is the key of *sharedSegments in the configuration of segments.
const sharedKey = "albert-search.shared"

// sharedSegments are open, by the names of their files.
type sharedSegments struct {
	byName map[string]scorchapi.PersistedSegment
}

// sharingPlugin opens segments like Bleve's own plugin, but for those that are
// shared. Bleve finds plugins in a plain map that must not change once it is used,
// hence the package variable; without the key in the configuration nothing is
// different from before.
type sharingPlugin struct{ zap.ZapPlugin }

func (p *sharingPlugin) OpenUsing(path string, config map[string]any) (scorchapi.Segment, error) {
	if shared, ok := config[sharedKey].(*sharedSegments); ok {
		if seg := shared.byName[filepath.Base(path)]; seg != nil {
			seg.AddRef()
			return seg, nil
		}
	}
	return p.ZapPlugin.OpenUsing(path, config)
}

var _ = registerSharing()

func registerSharing() *sharingPlugin {
	p := new(sharingPlugin)
	scorch.RegisterSegmentPlugin(p, false)
	return p
}
