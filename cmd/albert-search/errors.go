package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/hub"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/qa"
)

// The exit codes.
const (
	exitFound       = 0
	exitNotFound    = 1
	exitError       = 2
	exitInterrupted = 130 // 128 + SIGINT, as a shell reports it
)

// errNothingFound ends the program with exitNotFound. What there is to say has
// been said.
var errNothingFound = errors.New("nothing found")

// interrupted is the cause of the context's end when a signal came.
type interrupted struct{}

func (interrupted) Error() string { return "interrupted" }

// usageError says that the command line is not understood.
type usageError struct {
	command string // empty when it is not known which
	err     error
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usagef returns a usageError about the arguments of a command.
func usagef(command, format string, args ...any) error {
	return &usageError{command: command, err: fmt.Errorf(format, args...)}
}

// kind is the name that --json gives the kind of an error, and a hint at what
// to do where the error's own words do not say it.
func kind(err error) (name, hint string) {
	var usage *usageError
	var noLibrary *ort.NotFoundError
	var noSetup *ort.SetupError
	var embedder *albertsearch.EmbedderError
	var offline *hub.OfflineError
	var answer *hub.Error
	var checksum *hub.ChecksumError
	switch {
	case errors.As(err, &usage):
		if usage.command == "" {
			return "usage", "albert-search --help lists the commands"
		}
		return "usage", "albert-search " + usage.command + " --help says how it is used"
	case errors.Is(err, index.ErrNotFound):
		return "no_index", "albert-search index FOLDER; or name another index with --index"
	case errors.Is(err, index.ErrNotIndex):
		return "not_an_index", "name another folder with --index"
	case errors.Is(err, index.ErrLocked):
		return "locked", ""
	case errors.Is(err, index.ErrNewerFormat):
		return "newer_format", "use the newer albert-search, or another index (--index)"
	case errors.As(err, &embedder):
		return "model_mismatch", otherEmbedderHint(embedder.Index.ID)
	case errors.Is(err, index.ErrModelMismatch):
		return "model_mismatch", "albert-search remove --all deletes the index; then index again"
	case errors.Is(err, qa.ErrNoRelevance):
		return "no_relevance", "search without --rerank, or with --no-rerank where a configuration asks for it"
	case errors.Is(err, index.ErrDamaged):
		return "damaged", "albert-search check says what is wrong, check --repair saves what can be saved"
	case errors.Is(err, modelstore.ErrUnknown):
		return "no_model", "albert-search model list lists the models there are"
	case errors.Is(err, modelstore.ErrExists):
		return "model_exists", ""
	case errors.Is(err, modelstore.ErrDamaged):
		return "model_damaged", ""
	case errors.As(err, &offline):
		return "offline", ""
	case errors.As(err, &answer), errors.As(err, &checksum):
		return "download_failed", ""
	case errors.Is(err, albert.ErrUnsafe):
		return "refused", "a copy in model.safetensors cannot hold code"
	case errors.Is(err, albert.ErrNotALBERT), errors.Is(err, albert.ErrNoWeights), errors.Is(err, modelstore.ErrUnsupported):
		return "unsupported_model", ""
	case errors.As(err, &noLibrary):
		return "no_onnxruntime", ""
	case errors.As(err, &noSetup):
		return "setup_failed", ""
	}
	return "error", ""
}

// errorJSON is what --json prints on standard error when a command fails.
type errorJSON struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	// Kind is a name that does not change, Message and Hint are for people.
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// finish reports err and returns the exit code.
func finish(ctx context.Context, err error, stderr io.Writer, asJSON bool) int {
	var signal interrupted
	switch {
	case err == nil:
		return exitFound
	case err == errUnwell && asJSON:
		return exitError // its report has said everything
	case err == errNothingFound, err == errUnsound:
		return exitNotFound
	case ctx.Err() != nil && errors.As(context.Cause(ctx), &signal):
		report(stderr, errorDetail{Kind: "interrupted", Message: signal.Error()}, asJSON)
		return exitInterrupted
	}
	name, hint := kind(err)
	report(stderr, errorDetail{Kind: name, Message: shortened(err.Error()), Hint: hint}, asJSON)
	return exitError
}

// maxMessage is longer than any error that somebody reads.
const maxMessage = 16 << 10

// shortened is a message without its end if it is very long, as one that has a
// name out of a file that means ill may be.
func shortened(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return fmt.Sprintf("%s … and %d bytes more", strings.ToValidUTF8(message[:maxMessage], ""), len(message)-maxMessage)
}

func report(stderr io.Writer, detail errorDetail, asJSON bool) {
	// There is nowhere to say that standard error cannot be written to.
	if asJSON {
		_ = writeJSON(stderr, errorJSON{detail})
		return
	}
	_, _ = fmt.Fprintln(stderr, "albert-search: "+escapeLines(detail.Message))
	if detail.Hint != "" {
		_, _ = fmt.Fprintln(stderr, "hint: "+detail.Hint)
	}
}

// wantsJSON looks for --json in a command line that may not be parsable.
func wantsJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(a string) bool {
		return a == "--json" || a == "-json" || a == "--json=true"
	})
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
