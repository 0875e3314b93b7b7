// Package errkind gives errors a kind: a name that does not change, by which
// programs tell errors apart. Each package names the kinds of its own errors;
// the root package exports the list.
package errkind

import (
	"errors"
	"fmt"
)

// The kinds. They are part of what the program prints as JSON.
const (
	Usage            = "usage"
	NoIndex          = "no_index"
	NotAnIndex       = "not_an_index"
	Locked           = "locked"
	NewerFormat      = "newer_format"
	Unreachable      = "unreachable"
	Unsupported      = "unsupported"
	ModelMismatch    = "model_mismatch"
	NoRelevance      = "no_relevance"
	Damaged          = "damaged"
	Closed           = "closed"
	NoModel          = "no_model"
	ModelExists      = "model_exists"
	ModelDamaged     = "model_damaged"
	UnsupportedModel = "unsupported_model"
	Refused          = "refused"
	Offline          = "offline"
	DownloadFailed   = "download_failed"
	NoRuntime        = "no_onnxruntime"
	SetupFailed      = "setup_failed"
)

// Kinder is an error that has a kind. Error types of their own implement it;
// for others there are New and Errorf.
type Kinder interface {
	error
	ErrorKind() string
}

type kindError struct {
	error
	kind string
}

func (e *kindError) ErrorKind() string { return e.kind }
func (e *kindError) Unwrap() error     { return e.error }

// New returns an error of the kind, to be compared with errors.Is.
func New(kind, text string) error { return &kindError{errors.New(text), kind} }

// Errorf is fmt.Errorf for an error of the kind.
func Errorf(kind, format string, args ...any) error {
	return &kindError{fmt.Errorf(format, args...), kind}
}

// Of returns the kind of err: that of the outermost error in its tree that has
// one, and "" where none has.
func Of(err error) string {
	if k := Kinder(nil); errors.As(err, &k) {
		return k.ErrorKind()
	}
	return ""
}
