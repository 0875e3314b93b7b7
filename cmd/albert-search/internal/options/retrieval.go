package options

import (
	"errors"
	"fmt"
	"os"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// Retrieval is how passages are found.
type Retrieval struct {
	Mode   albertsearch.Mode
	Fusion rerank.Method
}

// Flags declares --mode and --fusion.
func (o *Retrieval) Flags() []cli.Flag {
	o.Mode, o.Fusion = albertsearch.Hybrid, rerank.Default
	return []cli.Flag{
		{Name: "mode", Setting: cli.Configured, Group: GroupRetrieval, Recorded: true, To: cli.Choice(&o.Mode, albertsearch.Modes()),
			Usage: "find by `MODE`: " + cli.OneOf(albertsearch.Modes())},
		{Name: "fusion", Setting: cli.Configured, Group: GroupRetrieval, Recorded: true, To: cli.Choice(&o.Fusion, rerank.Methods()),
			Usage: "hybrid results are fused by `METHOD`: " + cli.OneOf(rerank.Methods())},
	}
}

// Models are the parts that the retrieval needs of the embedder: none where
// words alone are looked for.
func (o *Retrieval) Models(embedder *Model) []Part {
	if o.Mode == albertsearch.Keyword {
		return nil
	}
	return []Part{embedder}
}

// Filter says which documents are meant.
type Filter struct{ index.Filter }

// Flags declares the flags that restrict documents.
func (o *Filter) Flags() []cli.Flag {
	f := &o.Filter
	flag := func(name, usage string, to cli.Value) cli.Flag {
		return cli.Flag{Name: name, Usage: usage, Group: groupFilters, Setting: cli.Unconfigured, To: to}
	}
	return []cli.Flag{
		flag("path", "only documents whose path matches `GLOB`, as '*.md' or 'notes/**' (repeatable)", cli.List(&f.Paths)),
		flag("not-path", "no documents whose path matches `GLOB` (repeatable)", cli.List(&f.NotPaths)),
		flag("type", "only documents of `TYPE`: "+cli.OneOf(formats.Names())+" (repeatable)", cli.Choices(&f.Types, formats.Names())),
		flag("lang", "only documents in `LANGUAGE` as they say themselves, such as en or de-AT (repeatable)", cli.List(&f.Languages)),
		flag("meta", "only documents whose metadata has `KEY=VALUE` (repeatable)", cli.Pairs(&f.Metadata)),
		flag("after", "only documents of `DATE` or later, as 2024-03-15, 2024-03 or 2024", cli.Date(&f.After)),
		flag("before", "only documents older than `DATE`", cli.Date(&f.Before)),
	}
}

// Answers is when an answer is given.
type Answers struct {
	Calibration string
	Threshold   float64
}

// Flags declares --calibration and --threshold.
func (o *Answers) Flags() []cli.Flag {
	return []cli.Flag{
		{Name: "calibration", Setting: cli.Configured, Path: true, To: cli.String(&o.Calibration),
			Usage: "work out the confidence with `FILE`, which eval ask --fit has written"},
		{Name: "threshold", Setting: cli.Configured, To: cli.Float(&o.Threshold, aboveZero),
			Usage: "give answers from the confidence `X` on", Default: "the calibration's"},
	}
}

func aboveZero(x float64) error {
	if !(x > 0 && x <= 1) {
		return errors.New("it must be above 0 and at most 1")
	}
	return nil
}

// Apply has the engine answer so.
func (o *Answers) Apply(to *albertsearch.Options) error {
	k, err := readFile(o.Calibration, "the calibration", qa.ParseCalibration)
	to.Calibration = k
	if o.Threshold != 0 { // which the flag does not take
		to.Threshold = &o.Threshold
	}
	return err
}

// Reranking is how reranking weighs relevance.
type Reranking struct{ Weights string }

// Flags declares --reranking.
func (o *Reranking) Flags() []cli.Flag {
	return []cli.Flag{{
		Name: "reranking", Setting: cli.Configured, Path: true, Group: GroupRetrieval, To: cli.String(&o.Weights),
		Usage: "reranking weighs the relevance as `FILE` says, which eval ask --fit-reranking has written",
	}}
}

// Apply has the engine rerank so.
func (o *Reranking) Apply(to *albertsearch.Options) (err error) {
	to.Reranking, err = readFile(o.Weights, "the weights of reranking", rerank.ParseCalibration)
	return err
}

// readFile parses a file; nil where the path is empty.
func readFile[T any](path, what string, parse func([]byte) (*T, error)) (*T, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	v, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// Text is what the arguments ask; missing is the error where they ask nothing.
func Text(c *cli.Call, missing string) (string, error) {
	text := strings.Join(c.Args, " ")
	if strings.TrimSpace(text) == "" {
		return "", c.Usagef("%s", missing)
	}
	return text, nil
}
