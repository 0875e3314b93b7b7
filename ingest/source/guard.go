package source

import (
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"

	"github.com/albert-search/albert-search/ingest/extract"
)

// catch makes an error of a panic in the code of a container. Use it deferred.
func catch(err *error) {
	if p := recover(); p != nil {
		*err = panicked(p)
	}
}

// panicked says what a panic was about, without words of the file.
func panicked(p any) error {
	what := fmt.Sprintf("panic of type %T", p)
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	return fmt.Errorf("the file made its reader fail: %s", what)
}

// holds is kind.Holds, and false where that panics.
func holds(kind extract.Container, in *io.SectionReader) bool {
	var err error
	return func() bool {
		defer catch(&err)
		return kind.Holds(in)
	}()
}

// membersOf is kind.Members, which a panic ends with an error.
func membersOf(ctx context.Context, kind extract.Container, in *io.SectionReader) iter.Seq2[extract.Member, error] {
	return func(yield func(extract.Member, error) bool) {
		outside := false // of the container's code
		defer func() {
			if outside {
				return
			}
			if p := recover(); p != nil {
				yield(extract.Member{}, panicked(p))
			}
		}()
		for m, err := range kind.Members(ctx, in) {
			outside = true
			more := yield(m, err)
			outside = false
			if !more {
				return
			}
		}
	}
}

// openContent is m.open, which fails where that panics.
func (m *memberContent) openContent(ctx context.Context, in *io.SectionReader) (r io.Reader, err error) {
	defer catch(&err)
	return m.open(ctx, in)
}
