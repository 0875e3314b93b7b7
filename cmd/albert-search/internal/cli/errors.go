package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/xrash/smetrics"
)

// Exit ends the program with a code when all there is to say has been said.
type Exit int

// The exit codes. Done is that of a command that returns nil.
const (
	Done        Exit = 0
	NotFound    Exit = 1
	Failed      Exit = 2
	Interrupted Exit = 130 // 128 + SIGINT, as a shell reports it
)

func (e Exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// ErrInterrupted is the cause of the context's end when a signal came.
var ErrInterrupted = errors.New("interrupted")

// UsageError says that the command line is not understood.
type UsageError struct {
	Command string // empty when it is not known which
	Err     error
}

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// ErrorKind is the kind of the error, for --json.
func (e *UsageError) ErrorKind() string { return "usage" }

// Usagef returns a UsageError about the arguments of a command.
func Usagef(command, format string, args ...any) error {
	return &UsageError{Command: command, Err: fmt.Errorf(format, args...)}
}

// nearest returns the name that was probably meant; "" when none is near.
func nearest(name string, names []string) string {
	best, least := "", 3
	for _, n := range names {
		distance := smetrics.WagnerFischer(name, n, 1, 1, 1)
		if len(name) >= 3 && strings.HasPrefix(n, name) {
			distance = 1
		}
		if distance < least && distance < len(name) {
			best, least = n, distance
		}
	}
	return best
}

// Cause is an error of the file system without the path.
func Cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// ErrorJSON is what --json prints on standard error when a command fails.
type ErrorJSON struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail is an error as --json prints it.
type ErrorDetail struct {
	// Kind is a name that does not change, Message and Hint are for people.
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// finish reports err and returns the exit code. Explain names the kind of an
// error and says what to do about it.
func finish(ctx context.Context, err error, stderr io.Writer, asJSON bool, explain func(error) (kind string, hints []string)) Exit {
	exit, said := err.(Exit) //nolint:errorlint // joined with another error there is more to say
	switch {
	case err == nil:
		return Done
	case said:
		return exit
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), ErrInterrupted):
		report(stderr, ErrorDetail{Kind: "interrupted", Message: ErrInterrupted.Error()}, asJSON)
		return Interrupted
	}
	kind, hints := explain(err)
	report(stderr, ErrorDetail{Kind: kind, Message: shortened(err.Error()), Hint: strings.Join(hints, "\n")}, asJSON)
	return Failed
}

// maxMessage is longer than any error that somebody reads.
const maxMessage = 16 << 10

// shortened cuts messages that quote names which an attacker chose.
func shortened(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return fmt.Sprintf("%s … and %d bytes more", strings.ToValidUTF8(message[:maxMessage], ""), len(message)-maxMessage)
}

func report(stderr io.Writer, detail ErrorDetail, asJSON bool) {
	// There is nowhere to say that standard error cannot be written to.
	if asJSON {
		_ = WriteJSON(stderr, ErrorJSON{detail})
		return
	}
	_, _ = fmt.Fprintln(stderr, "albert-search: "+EscapeLines(detail.Message))
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

// WriteJSON writes v as --json does.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
