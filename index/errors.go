package index

import (
	"fmt"
	"time"
)

// SettingsError says that an index was made with other settings.
// errors.Is(err, ErrModelMismatch) holds.
type SettingsError struct {
	// Dir is the address of the index.
	Dir        string
	Have, Want Settings
}

func (e *SettingsError) Error() string {
	what := ""
	differ := func(name string, have, want any) {
		if have != want {
			if what != "" {
				what += ";"
			}
			what += fmt.Sprintf(" %s is %v, not %v", name, have, want)
		}
	}
	differ("embedder", e.Have.Embedder, e.Want.Embedder)
	differ("vector length", e.Have.Dim, e.Want.Dim)
	differ("analyzer", e.Have.Languages, e.Want.Languages)
	differ("passage length", e.Have.SplitTokens, e.Want.SplitTokens)
	return fmt.Sprintf("%s: %v:%s", e.Dir, ErrModelMismatch, what)
}

func (e *SettingsError) Unwrap() error { return ErrModelMismatch }

// Holder says who writes to an index.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// LockedError says that another writer has the index open. errors.Is(err,
// ErrLocked) holds.
type LockedError struct {
	// Dir is the address of the index.
	Dir string
	// Holder is zero where it is not known who writes.
	Holder Holder
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("%s: %v by another process; wait for it or stop it", e.Dir, ErrLocked)
	}
	return fmt.Sprintf("%s: %v by process %d on %s since %s; wait for it or stop it", e.Dir, ErrLocked,
		e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

func (e *LockedError) Unwrap() error { return ErrLocked }
