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

func (e *usageError) ErrorKind() string { return string(albertsearch.KindUsage) }

// usagef returns a usageError about the arguments of a command.
func usagef(command, format string, args ...any) error {
	return &usageError{command: command, err: fmt.Errorf(format, args...)}
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
	report(stderr, errorDetail{
		Kind: string(albertsearch.KindOf(err)), Message: shortened(err.Error()), Hint: strings.Join(hints(err), "\n"),
	}, asJSON)
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
	for hint := range strings.Lines(detail.Hint) {
		_, _ = fmt.Fprintln(stderr, "hint: "+strings.TrimSuffix(hint, "\n"))
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
