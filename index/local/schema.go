package local

import (
	"cmp"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// schema is what is fixed when an index is made.
type schema struct {
	settings  index.Settings
	languages *analysis.Languages
}

func newSchema(s index.Settings) (*schema, error) {
	l, err := analysis.NewLanguages(s.Languages.Names())
	return &schema{s, l}, err
}

// analyzer is what a passage of a document is analysed by.
func (s *schema) analyzer(d *index.Info, p *index.Passage) *analysis.Analyzer {
	return s.languages.Analyzer(cmp.Or(p.Language, d.Language))
}

// query is what queries are analysed by: the languages of the documents and of
// their passages.
func (v *view) query() (analysis.Query, error) {
	if len(v.schema.languages.Allowed()) < 2 {
		return v.schema.languages.Query(), nil
	}
	v.findLanguages.Do(func() {
		seen := make(map[string]bool)
		var tags []string
		for d, err := range v.docs() {
			if err != nil {
				v.languagesErr = err
				return
			}
			for _, l := range append(d.Languages[:len(d.Languages):len(d.Languages)], d.Info.Language) {
				if !seen[l] {
					seen[l] = true
					tags = append(tags, l)
				}
			}
		}
		v.queryLanguages = v.schema.languages.Query(tags...)
	})
	if v.queryLanguages == nil {
		return nil, cmp.Or(v.languagesErr, disk.ErrFault) // the first time
	}
	return v.queryLanguages, nil
}
