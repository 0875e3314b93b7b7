package eval

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/albert-search/albert-search/albert/tokenize"
	"github.com/albert-search/albert-search/qa"
)

// memo reads every sequence once and remembers its logits, so that the same
// passages can be judged with many settings. It is safe for use by several
// goroutines at once.
type memo struct {
	reader qa.SpanReader

	mu   sync.Mutex
	read map[string]logits
}

type logits struct{ start, end []float32 }

func newMemo(r qa.SpanReader) *memo {
	return &memo{reader: r, read: make(map[string]logits)}
}

func (m *memo) Spans(ctx context.Context, seqs []tokenize.Sequence) (start, end [][]float32, err error) {
	start, end = make([][]float32, len(seqs)), make([][]float32, len(seqs))
	keys := make([]string, len(seqs))
	var missing []int
	m.mu.Lock()
	for i, s := range seqs {
		keys[i] = key(s)
		if l, ok := m.read[keys[i]]; ok {
			start[i], end[i] = l.start, l.end
		} else {
			missing = append(missing, i)
		}
	}
	m.mu.Unlock()
	if len(missing) == 0 {
		return start, end, nil
	}
	unread := make([]tokenize.Sequence, len(missing))
	for j, i := range missing {
		unread[j] = seqs[i]
	}
	s, e, err := m.reader.Spans(ctx, unread)
	if err != nil {
		return nil, nil, err
	}
	if len(s) != len(unread) || len(e) != len(unread) {
		return nil, nil, fmt.Errorf("the reader model gave logits for %d and %d of %d windows", len(s), len(e), len(unread))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for j, i := range missing {
		start[i], end[i] = s[j], e[j]
		m.read[keys[i]] = logits{s[j], e[j]}
	}
	return start, end, nil
}

func key(s tokenize.Sequence) string {
	b := make([]byte, 0, 4*len(s.IDs)+4)
	b = binary.LittleEndian.AppendUint32(b, uint32(s.Split))
	for _, id := range s.IDs {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return string(b)
}
