package main

import (
	"cmp"
	"errors"
	"fmt"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/ort"
)

// commandError is an error of a command, with what its hints need to know.
type commandError struct {
	error
	command string // such as "search"
	reembed string // the command that re-embeds the index
}

func (e *commandError) Unwrap() error { return e.error }

// hints say in terms of the command line what can be done about err.
func hints(err error) []string {
	var of commandError
	if e := (*commandError)(nil); errors.As(err, &e) {
		of = *e
	}
	if e := (*usageError)(nil); errors.As(err, &e) {
		of.command = e.command
	}
	var out []string
	for _, h := range albertsearch.HintsOf(err) {
		if text := of.hint(albertsearch.KindOf(err), h); text != "" {
			out = append(out, text)
		}
	}
	if text := of.kindHint(albertsearch.KindOf(err)); text != "" {
		out = append(out, text)
	}
	return out
}

// hint words a hint of the library; it is empty where there is nothing to say.
func (e commandError) hint(kind albertsearch.Kind, h albertsearch.Hint) string {
	switch h.Action {
	case albertsearch.ActionIndex:
		return "albert-search index FOLDER; or name another index with --index"
	case albertsearch.ActionOtherIndex:
		if kind == albertsearch.KindNotAnIndex {
			return "name another folder with --index"
		}
	case albertsearch.ActionUpgrade:
		return "use the newer albert-search, or another index (--index)"
	case albertsearch.ActionReembed:
		reembed := cmp.Or(e.reembed, "albert-search index --re-embed")
		if h.Done > 0 {
			return fmt.Sprintf("to go on with the other %d passages run: %s", h.Passages-h.Done, reembed)
		}
		return "to embed its passages with it run: " + reembed
	case albertsearch.ActionUseEmbedder:
		return otherEmbedderHint(h.Embedder.ID)
	case albertsearch.ActionKeywords:
		if e.command == "search" || e.command == "ask" && kind == albertsearch.KindModelMismatch {
			return "searching by words alone works without: --mode keyword"
		}
	case albertsearch.ActionNoRerank:
		return "search without --rerank, or with --no-rerank where a configuration asks for it"
	case albertsearch.ActionRepair:
		return "albert-search check says what is wrong, check --repair saves what can be saved"
	case albertsearch.ActionRecreate:
		return "albert-search remove --all deletes the index; then index again"
	case albertsearch.ActionInstallRuntime:
		return "to obtain it run albert-search setup (in a clone of the source: make setup); or put the library somewhere " +
			"and name it with --onnxruntime or in the environment variable " + ort.PathVariable
	case albertsearch.ActionNameRuntime:
		what := "--onnxruntime"
		if h.Source == ort.FromEnvironment {
			what = "the environment variable " + ort.PathVariable
		}
		return "correct " + what + ", or do without it: then the library that albert-search setup obtains is used"
	}
	return ""
}

// kindHint is the hint at what to do about errors of a kind that the engine
// does not have.
func (e commandError) kindHint(kind albertsearch.Kind) string {
	switch kind {
	case albertsearch.KindUsage:
		if e.command == "" {
			return "albert-search --help lists the commands"
		}
		return "albert-search " + e.command + " --help says how it is used"
	case albertsearch.KindNoModel:
		return "albert-search model list lists the models there are"
	case albertsearch.KindRefused:
		return "a copy in model.safetensors cannot hold code"
	case albertsearch.KindOffline:
		return "where there is a connection, download the model's folder (hf download MODEL --local-dir DIR, or git clone), " +
			"bring it here and run: albert-search model import DIR; --endpoint or HF_ENDPOINT name a mirror"
	}
	return ""
}
