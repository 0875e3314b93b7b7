package albertsearch

import (
	"context"
	"time"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/source"
)

// filesTimeout is how long a result waits for the file system to say whether the
// files that it cites are what they were.
const filesTimeout = time.Second

// noteChanges says of citations whether their files have changed since they were
// indexed. It does without what the file system does not say in time.
func (e *Engine) noteChanges(ctx context.Context, passages []found, written time.Time, cited []*Citation) {
	if e.o.IgnoreFiles || len(cited) == 0 {
		return
	}
	docs := make(map[string]*index.Info, len(passages))
	for _, p := range passages {
		docs[p.Doc.ID] = p.Doc
	}
	ids := make([]string, len(cited))
	for i, c := range cited {
		ids[i] = c.ID
	}
	ctx, cancel := context.WithTimeout(ctx, filesTimeout)
	defer cancel()
	done := make(chan []source.Condition, 1)
	go func() {
		var check source.Check
		conditions := make([]source.Condition, len(ids))
		for i, id := range ids {
			if ctx.Err() == nil {
				conditions[i] = check.Of(ctx, docs[id], written)
			}
		}
		done <- conditions
	}()
	conditions, err := receive(ctx, done)
	if err != nil {
		return
	}
	for i, c := range cited {
		c.Changed, c.Gone = conditions[i] == source.Changed, conditions[i] == source.Gone
	}
}

// cited are the citations of the hits.
func (r *SearchResult) cited() (all []*Citation) {
	for i := range r.Hits {
		all = append(all, &r.Hits[i].Citation)
	}
	return all
}

// cited are the citations of the answers.
func (r *AskResult) cited() (all []*Citation) {
	for i := range r.Answers {
		all = append(all, &r.Answers[i].Citation)
		for j := range r.Answers[i].Support {
			all = append(all, &r.Answers[i].Support[j])
		}
	}
	return all
}
