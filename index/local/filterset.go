package local

import (
	"context"
	"fmt"
	"sync"

	"github.com/albert-search/albert-search/index"
)

// keptSets is how many filters a view remembers.
const keptSets = 16

// rowSets remembers which rows pass which filter: finding out costs more than
// a search, and searches with one filter come in numbers.
type rowSets struct {
	mu   sync.Mutex
	sets map[string]*rowSet
	keys []string // the oldest first
}

// filterSet returns the live rows of the documents that pass the filter.
func (v *view) filterSet(ctx context.Context, f index.Filter) (*rowSet, error) {
	key := fmt.Sprintf("%#v", f)
	v.sets.mu.Lock()
	set := v.sets.sets[key]
	v.sets.mu.Unlock()
	if set != nil {
		return set, nil
	}
	rows, err := v.filterRows(ctx, f)
	if err != nil {
		return nil, err
	}
	set = v.newRowSet(rows)
	v.sets.put(key, set)
	return set, nil
}

func (r *rowSets) put(key string, set *rowSet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sets == nil {
		r.sets = make(map[string]*rowSet)
	}
	if r.sets[key] == nil {
		r.keys = append(r.keys, key)
	}
	r.sets[key] = set
	if len(r.keys) > keptSets {
		delete(r.sets, r.keys[0])
		r.keys = r.keys[1:]
	}
}
