package extract

import "errors"

// UnsupportedError says that a file is of a kind that is not read.
type UnsupportedError struct {
	Kind string // in plain words: "RTF document", "PNG image"
}

func (e *UnsupportedError) Error() string { return "not a kind of file that is read: " + e.Kind }

// FormatError says as what a file was to be read that could not be read.
type FormatError struct {
	// Format is the name of the format, Version that of its reader.
	Format  string
	Version int
	Err     error
}

// Error is what Err says.
func (e *FormatError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *FormatError) Unwrap() error { return e.Err }

// Causes of failures that a caller may want to tell apart; errors wrap them.
var (
	ErrEmpty     = errors.New("empty file")
	ErrEncrypted = errors.New("encrypted: needs a password")
	ErrBinary    = errors.New("binary data, not text")
	ErrNoText    = errors.New("no text in it")
	ErrTooLarge  = errors.New("too large")
	ErrTooSlow   = errors.New("took too long")
	// ErrTransient says nothing about the document: trying again may help.
	ErrTransient = errors.New("could not be tried")
)

// MismatchError says that a file is not what its name says.
type MismatchError struct {
	Want string // "a Word document"
	Got  string // "a plain zip archive"; empty when unknown
}

func (e *MismatchError) Error() string {
	if e.Got == "" {
		return "not " + e.Want + ", although its name says so"
	}
	return "not " + e.Want + ", although its name says so: it is " + e.Got
}
