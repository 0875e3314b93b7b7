package options

import (
	"errors"
	"os"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// Part is a group of options that says something about the engine.
type Part interface {
	Apply(*albertsearch.Options) error
}

// Apply has the engine opened with o do what the parts say.
func Apply(o *albertsearch.Options, parts ...Part) error {
	for _, p := range parts {
		if err := p.Apply(o); err != nil {
			return err
		}
	}
	return nil
}

// The headings of --help.
const (
	groupModels    = "MODELS"
	GroupFiles     = "WHICH FILES"
	groupFilters   = "WHICH DOCUMENTS"
	groupLimits    = "LIMITS ON A DOCUMENT"
	GroupRetrieval = "RETRIEVAL"
)

// Runtime names the ONNX Runtime library.
type Runtime struct{ Library string }

// Flags declares --onnxruntime.
func (o *Runtime) Flags() []cli.Flag {
	return []cli.Flag{{
		Name: "onnxruntime", Env: ort.PathVariable, Setting: cli.UserConfigured, Path: true, Group: groupModels, To: cli.String(&o.Library),
		Usage:   "the ONNX Runtime library is `FILE`",
		Default: "beside the program, in the cache, the system's",
	}}
}

// Find says where to look for the library.
func (o *Runtime) Find() ort.FindOptions {
	if o.Library == os.Getenv(ort.PathVariable) {
		return ort.FindOptions{} // it looks into the environment itself, and says so
	}
	return ort.FindOptions{Path: o.Library}
}

// Compute is what models run on.
type Compute struct {
	Runtime
	Threads int
}

// Flags declares --onnxruntime and --threads.
func (o *Compute) Flags() []cli.Flag {
	return append(o.Runtime.Flags(), cli.Flag{
		Name: "threads", Env: "ALBERT_SEARCH_THREADS", Setting: cli.Configured, Group: groupModels, To: cli.Int(&o.Threads, allOrSome),
		Usage: "the models use `N` threads", Default: "all",
	})
}

func allOrSome(n int64) error {
	if n < 0 {
		return errors.New("it must be at least 1, or 0 for all")
	}
	return nil
}

// Apply has the engine run its models so.
func (o *Compute) Apply(to *albertsearch.Options) error {
	to.ONNXRuntime, to.Threads = o.Find().Path, o.Threads
	return nil
}
