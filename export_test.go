package albertsearch

import (
	"context"

	"github.com/albert-search/albert-search/index"
)

// SetReaderVersion makes the reader of a type of documents one of another
// version.
func (e *Engine) SetReaderVersion(typ string, version int) { e.versions.readers[typ] = version }

// EachCitation calls f with the text of each passage in the index, document by
// document, and its citation.
func (e *Engine) EachCitation(ctx context.Context, f func(c Citation, text string) error) error {
	return e.read(ctx, func(s index.Snapshot) error {
		for info, err := range s.Documents(ctx, "") {
			if err != nil {
				return err
			}
			passages, err := s.DocumentPassages(ctx, info.ID)
			if err != nil {
				return err
			}
			for _, p := range passages {
				if err := f(cite(p), p.Text); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
