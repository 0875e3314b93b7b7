package torture

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	albertsearch "github.com/albert-search/albert-search"
)

// Search looks for a word that all passages have, while a run is under way, and
// checks that what is found is the whole of one state between two steps, and not
// older than an engine may show. It returns the step.
func (r Run) Search(ctx context.Context, e *albertsearch.Engine, published *Published) (step int, err error) {
	begun, err := ReadLog(r.Log)
	if err != nil {
		return 0, err
	}
	least := published.note(begun.Done, time.Now())
	res, err := e.Search(ctx, albertsearch.SearchRequest{Query: "common", Mode: albertsearch.Keyword, Limit: 10000})
	if err != nil {
		return 0, err
	}
	ended, err := ReadLog(r.Log)
	if err != nil {
		return 0, err
	}
	have, words := State{Docs: make(map[int]Version)}, make(map[string]bool)
	for _, h := range res.Hits {
		for _, w := range strings.Fields(h.Text) {
			doc, put, _, ok := parseWord(w)
			if !ok {
				continue
			}
			if v, ok := have.Docs[doc]; ok && v.Put != put || filepath.Base(h.Path) != docName(doc) {
				return 0, fmt.Errorf("a result has document %d of step %d and of step %d", doc, v.Put, put)
			}
			have.Docs[doc] = Version{put, put}
			words[w] = true
		}
	}
	for doc, v := range have.Docs {
		for i := range r.Plan.words(doc, v.Put) {
			if !words[word(doc, v.Put, i)] {
				return 0, fmt.Errorf("a result lacks the word %s", word(doc, v.Put, i))
			}
		}
	}
	states, changes := r.Plan.States(ended.Begun)
	files := r
	files.Files = true // of the times of touching nothing is known
	for step := ended.Begun; step >= least; step-- {
		have.Dim = states[step].Dim
		c := changes[step]
		between := states[max(step-1, 0)].after(Change{Put: c.Put, Touch: c.Touch}, step)
		between.Dim = have.Dim
		if files.same(have, states[step]) || r.Files && files.same(have, between) {
			return step, nil
		}
	}
	docs := make([]int, 0, len(have.Docs))
	for doc := range have.Docs {
		docs = append(docs, doc)
	}
	slices.Sort(docs)
	return 0, fmt.Errorf("a result of the documents %v, which is the state after none of the steps %d to %d", docs, least, ended.Begun)
}

// Published remembers when it was seen that steps were published. Several
// goroutines may share one.
type Published struct {
	mu    sync.Mutex
	seen  []sighting // ascending by time and by step
	least int
}

type sighting struct {
	at   time.Time
	step int
}

// mayLag is how long ago what a search finds may have been the newest while
// another process writes; see index.Backend.
const mayLag = time.Second

// note takes down that a step is published now, and returns the last step that
// was published so long ago that every search must find it.
func (p *Published) note(step int, now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.seen); n == 0 || step > p.seen[n-1].step {
		p.seen = append(p.seen, sighting{now, step})
	}
	for len(p.seen) > 0 && now.Sub(p.seen[0].at) > mayLag {
		p.least, p.seen = p.seen[0].step, p.seen[1:]
	}
	return p.least
}
