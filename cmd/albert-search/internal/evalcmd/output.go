package evalcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/internal/durable"
)

// output is a file of results. What is at its path stays until all results are
// there: --run and --compare may name the same file, and the measuring may be
// interrupted.
type output struct {
	path string
	file *durable.File // nil when none is wanted
	done bool
}

func newOutput(path string) (*output, error) {
	if path == "" {
		return &output{}, nil
	}
	f, err := durable.FS{}.Create(path, 0o644)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, cli.Cause(err))
	}
	return &output{path: path, file: f}, nil
}

// wanted reports whether there is a file.
func (o *output) wanted() bool { return o.file != nil }

// write calls f with the file, which is complete then.
func (o *output) write(f func(io.Writer) error) error {
	err := o.append(f)
	o.done = err == nil
	return err
}

// append calls f with the file, to which more is to come.
func (o *output) append(f func(io.Writer) error) error {
	if o.file == nil {
		return nil
	}
	if err := f(o.file); err != nil {
		return fmt.Errorf("write %s: %w", o.path, err)
	}
	return nil
}

// close puts the file where it belongs, or removes it if it is not complete.
func (o *output) close() error {
	if o.file == nil {
		return nil
	}
	if o.done {
		if err := o.file.Commit(); err != nil {
			return errors.Join(fmt.Errorf("write %s: %w", o.path, err), o.file.Discard())
		}
	}
	return o.file.Discard()
}

// withOutputs calls f with outputs to the paths, of which those that are empty
// are not wanted, and closes them.
func withOutputs(paths []string, f func([]*output) error) (err error) {
	var outputs []*output
	defer func() {
		for _, o := range outputs {
			err = errors.Join(err, o.close())
		}
	}()
	for _, path := range paths {
		o, err := newOutput(path)
		if err != nil {
			return err
		}
		outputs = append(outputs, o)
	}
	return f(outputs)
}

// readRun reads a run that --run has written; nil if path is empty.
func readRun[L interface{ key() lineKey }](path string) (map[lineKey]L, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the run to compare with: %w", err)
	}
	defer f.Close()
	out := map[lineKey]L{}
	lines := json.NewDecoder(f)
	for {
		var l L
		err := lines.Decode(&l)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the run %s, line %d: %w", path, len(out)+1, err)
		}
		if l.key().id == "" {
			return nil, fmt.Errorf("read the run %s, line %d: it has no id; --run of the same command writes what is wanted", path, len(out)+1)
		}
		out[l.key()] = l
	}
}

// errNoCommon says that nothing can be compared with the run.
func errNoCommon(run string) error {
	return fmt.Errorf("%s has none of these questions: --run writes what can be compared, under the names of the files", run)
}
