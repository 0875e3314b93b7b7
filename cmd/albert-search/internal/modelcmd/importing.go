package modelcmd

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/heap"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
)

// importOptions are the flags of commands that make a model in the store.
type importOptions struct {
	Name    string
	Samples string
	options.Runtime
}

// flags declares them; otherwise is what the model is called without --name.
func (o *importOptions) flags(otherwise string) []cli.Flag {
	return cli.Join([]cli.Flag{
		{Name: "name", Setting: cli.Unconfigured, Usage: "call it `NAME`", Default: otherwise, To: cli.String(&o.Name)},
		{Name: "samples", Setting: cli.Unconfigured, Default: "texts in the program", To: cli.String(&o.Samples),
			Usage: "int8 weights are balanced over the texts in `FILE`, one to a line, a tab between question and passage; none saves memory and time"},
	}, o.Runtime.Flags())
}

// precision is how weights are kept, as albert.Precision prints itself.
type precision string

func precisions() []precision {
	return []precision{precision(albert.Int8.String()), precision(albert.Float32.String())}
}

func precisionFlag(to *precision) cli.Flag {
	*to = precision(albert.Int8.String())
	return cli.Flag{Name: "precision", Setting: cli.Unconfigured, Usage: "keep the weights in `PRECISION`: " + cli.OneOf(precisions()),
		To: cli.Choice(to, precisions())}
}

// noSamples is the value of --samples for none.
const noSamples = "none"

// importing is one import, with what its flags say.
type importing struct {
	*session
	options   *importOptions
	precision precision
}

// add adds what the flags say.
func (i *importing) add(o *modelstore.ImportOptions) (err error) {
	switch i.options.Samples {
	case "":
	case noSamples:
		o.NoSamples = true
	default:
		if o.Samples, err = readSamples(i.options.Samples); err != nil {
			return err
		}
	}
	o.Precision = albert.Int8
	if i.precision == precision(albert.Float32.String()) {
		if i.options.Samples != "" {
			return i.Usagef("--samples balances weights of 8 bits; with --precision %s there are none: leave one of them out", albert.Float32)
		}
		o.Precision = albert.Float32
	}
	return nil
}

// run imports a model with what the flags say and prints it.
func (i *importing) run(o modelstore.ImportOptions, read func(modelstore.ImportOptions) (*modelstore.Record, error)) error {
	if err := i.add(&o); err != nil {
		return err
	}
	var rt *ort.Runtime
	o.Runtime = func() (*ort.Runtime, error) {
		var err error
		rt, err = ort.Load(i.options.Find())
		return rt, err
	}
	defer heap.Tight()()
	bar := i.Steps()
	o.Log = bar.Step
	r, err := read(o)
	bar.Done()
	if rt != nil {
		err = errors.Join(err, rt.Close())
	}
	if err != nil {
		return err
	}
	return i.showImported(r)
}

func (s *session) showImported(r *modelstore.Record) error {
	if err := s.showRecord(r); err != nil {
		return err
	}
	roles := r.TrainedRoles()
	if slices.Equal(r.Uses, []string{string(albert.RoleEmbedder)}) { // trained or not
		roles = []albert.Role{albert.RoleEmbedder}
	}
	for _, role := range roles {
		s.Remark("To use it: albert-search model use --%s %s", role, r.Name)
	}
	return nil
}

// maxSamples is more texts than are ever looked at.
const maxSamples = 1000

// readSamples reads the first texts of a file that are worth something.
func readSamples(file string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var texts []string
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(texts) < maxSamples {
		if line := strings.TrimSpace(lines.Text()); len(strings.Fields(line)) > 2 {
			texts = append(texts, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s has no line of more than two words", file)
	}
	return texts, nil
}
