// Package hint says in terms of the command line what can be done about errors:
// which flag or command helps.
package hint

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
)

// Explain is the kind of an error and the hints: it is cli.App.Explain.
func Explain(err error, c *cli.Call) (kind string, hints []string) {
	return string(albertsearch.KindOf(err)), Of(err, c)
}

// Of says what can be done about err, which ended the call; nil where no command
// ran.
func Of(err error, c *cli.Call) []string {
	kind := albertsearch.KindOf(err)
	var out []string
	for _, h := range albertsearch.HintsOf(err) {
		if text := word(kind, h, c); text != "" {
			out = append(out, text)
		}
	}
	if text := ofKind(kind, err, c); text != "" {
		out = append(out, text)
	}
	return out
}

// word words a hint of the library; it is empty where there is nothing to say.
func word(kind albertsearch.Kind, h albertsearch.Hint, c *cli.Call) string {
	switch h.Action {
	case albertsearch.ActionIndex:
		return "albert-search index FOLDER; or name another index with --index"
	case albertsearch.ActionOtherIndex:
		if kind == albertsearch.KindNotAnIndex {
			return "name another folder with --index"
		}
	case albertsearch.ActionRetry:
		return "try again when it can be reached"
	case albertsearch.ActionUpgrade:
		return "use the newer albert-search, or another index (--index)"
	case albertsearch.ActionReembed:
		if h.Done > 0 {
			return fmt.Sprintf("to go on with the other %d passages run: %s", h.Passages-h.Done, Reembed(c))
		}
		return "to embed its passages with it run: " + Reembed(c)
	case albertsearch.ActionUseEmbedder:
		return otherEmbedder(h.Embedder.ID)
	case albertsearch.ActionKeywords:
		if command := c.Command(); command == "search" || command == "ask" && kind == albertsearch.KindModelMismatch {
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

// ofKind is what to do about errors of a kind for which the library has no hints.
func ofKind(kind albertsearch.Kind, err error, c *cli.Call) string {
	switch kind {
	case albertsearch.KindUsage:
		command := c.Command()
		if usage := (*cli.UsageError)(nil); errors.As(err, &usage) {
			command = usage.Command
		}
		if command == "" {
			return "albert-search --help lists the commands"
		}
		return "albert-search " + command + " --help says how it is used"
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

// otherEmbedder says which of the models here made the vectors of an index, if
// one did.
func otherEmbedder(id string) string {
	what, name := options.EmbedderName(id)
	if what == "" {
		return ""
	}
	return "the vectors of the index are those of " + what + ": --embedder " + name + " searches it as it is"
}

// Reembed is the command that brings an index over to the embedder that this
// call was told to use. The flags that name the two belong to it: without them
// it would take others.
func Reembed(c *cli.Call) string {
	command := "albert-search index --re-embed"
	for _, flag := range []string{"index", "embedder"} {
		if value, ok := c.Typed(flag); ok {
			command += " --" + flag + " " + shellWord(value)
		}
	}
	return command
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:,@%+-]+$`)

// shellWord is a text as it is typed into a shell.
func shellWord(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
