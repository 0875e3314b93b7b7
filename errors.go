package albertsearch

import (
	"context"
	"errors"
	"time"

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/internal/errkind"
)

// ErrClosed is the error of an Engine that was closed.
var ErrClosed = errkind.New(errkind.Closed, "the engine is closed")

// Kind is what sort of error an error is. The names are part of what programs
// print and do not change.
type Kind string

// The kinds of error of an Engine.
const (
	// KindUsage: a request or the options make no sense.
	KindUsage Kind = errkind.Usage
	// KindNoIndex: there is no index at that place (ErrNoIndex).
	KindNoIndex Kind = errkind.NoIndex
	// KindNotAnIndex: the place exists and holds something else
	// (ErrNotAnIndex).
	KindNotAnIndex Kind = errkind.NotAnIndex
	// KindLocked: somebody else writes to the index (ErrLocked).
	KindLocked Kind = errkind.Locked
	// KindNewerFormat: a later version wrote the index (ErrNewerFormat).
	KindNewerFormat Kind = errkind.NewerFormat
	// KindUnreachable: what keeps the index cannot be reached
	// (ErrUnreachable).
	KindUnreachable Kind = errkind.Unreachable
	// KindUnsupported: what keeps the index cannot do it (errors.ErrUnsupported).
	KindUnsupported Kind = errkind.Unsupported
	// KindModelMismatch: the index was made with another embedder or other
	// settings (ErrModelMismatch).
	KindModelMismatch Kind = errkind.ModelMismatch
	// KindNoRelevance: the reader does not judge relevance (ErrNoRelevance), and
	// there is no reranker.
	KindNoRelevance Kind = errkind.NoRelevance
	// KindDamaged: a file of the index is not what was written
	// (ErrDamaged).
	KindDamaged Kind = errkind.Damaged
	// KindClosed: the engine was closed (ErrClosed).
	KindClosed Kind = errkind.Closed
	// KindUnsupportedModel: a model is none that can be used.
	KindUnsupportedModel Kind = errkind.UnsupportedModel
	// KindNoRuntime: ONNX Runtime is needed and was not found.
	KindNoRuntime Kind = errkind.NoRuntime
	// KindNoModel: no model is given for a role that the program has none for; or
	// there is none of that name.
	KindNoModel Kind = errkind.NoModel
	// KindInterrupted: the context ended.
	KindInterrupted Kind = "interrupted"
	// KindOther is every other error, such as one of the disk.
	KindOther Kind = "error"
)

// The kinds of error of those who obtain models and libraries, which an Engine
// does not.
const (
	KindModelExists    Kind = errkind.ModelExists
	KindModelDamaged   Kind = errkind.ModelDamaged
	KindRefused        Kind = errkind.Refused
	KindOffline        Kind = errkind.Offline
	KindDownloadFailed Kind = errkind.DownloadFailed
	KindSetupFailed    Kind = errkind.SetupFailed
)

// KindOf returns the kind of err, which must not be nil: that of the outermost
// error in its tree that has one.
func KindOf(err error) Kind {
	switch kind := errkind.Of(err); {
	case kind != "":
		return Kind(kind)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return KindInterrupted
	case errors.Is(err, errors.ErrUnsupported):
		return KindUnsupported
	}
	return KindOther
}

// Action is something that can be done about an error.
type Action string

// The actions.
const (
	// ActionIndex is to index documents first.
	ActionIndex Action = "index"
	// ActionOtherIndex is to name another index.
	ActionOtherIndex Action = "other_index"
	// ActionWait is to wait until the writer of the index is done, or to stop
	// it: the process PID on Host, where that is known.
	ActionWait Action = "wait"
	// ActionRetry is to try again when what keeps the index can be reached.
	ActionRetry Action = "retry"
	// ActionUpgrade is to use a later version of this program.
	ActionUpgrade Action = "upgrade"
	// ActionReembed is Reembed: Done of Passages have their new vectors already.
	ActionReembed Action = "reembed"
	// ActionUseEmbedder is to use Embedder, which made the vectors of the index.
	ActionUseEmbedder Action = "use_embedder"
	// ActionKeywords is to search by words alone, which needs no model.
	ActionKeywords Action = "keywords"
	// ActionNoRerank is to search without reranking.
	ActionNoRerank Action = "no_rerank"
	// ActionRepair is Check, to see what is damaged, and Repair.
	ActionRepair Action = "repair"
	// ActionRecreate is to delete the index and to index everything again.
	ActionRecreate Action = "recreate"
	// ActionInstallRuntime is to obtain ONNX Runtime.
	ActionInstallRuntime Action = "install_runtime"
	// ActionNameRuntime is to correct the name of the ONNX Runtime library, or
	// to leave it out: Source says where the name comes from, as in
	// ort.Library.
	ActionNameRuntime Action = "name_runtime"
)

// Hint suggests what to do about an error. How it is done, by a flag, a field
// of a request or a button, is for whoever shows it.
type Hint struct {
	Action Action `json:"action"`
	// PID, Host and Since are the writer's, for ActionWait.
	PID   int       `json:"pid,omitempty"`
	Host  string    `json:"host,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Embedder is for ActionReembed the new one, for ActionUseEmbedder that of
	// the index.
	Embedder *index.Embedder `json:"embedder,omitempty"`
	Done     int             `json:"done,omitempty"`
	Passages int             `json:"passages,omitempty"`
	// Source is for ActionNameRuntime.
	Source string `json:"source,omitempty"`
}

// HintsOf returns what can be done about err, the most likely first; nothing
// for errors that say so themselves.
func HintsOf(err error) []Hint {
	switch KindOf(err) {
	case KindNoIndex:
		return []Hint{{Action: ActionIndex}, {Action: ActionOtherIndex}}
	case KindNotAnIndex:
		return []Hint{{Action: ActionOtherIndex}}
	case KindLocked:
		h := Hint{Action: ActionWait}
		if e := (*index.LockedError)(nil); errors.As(err, &e) {
			h.PID, h.Host, h.Since = e.Holder.PID, e.Holder.Host, e.Holder.Since
		}
		return []Hint{h}
	case KindUnreachable:
		return []Hint{{Action: ActionRetry}, {Action: ActionOtherIndex}}
	case KindUnsupported:
		return []Hint{{Action: ActionOtherIndex}}
	case KindNewerFormat:
		return []Hint{{Action: ActionUpgrade}, {Action: ActionOtherIndex}}
	case KindModelMismatch:
		e := (*EmbedderError)(nil)
		if !errors.As(err, &e) {
			return []Hint{{Action: ActionRecreate}}
		}
		return []Hint{
			{Action: ActionReembed, Embedder: &e.Engine, Done: e.Done, Passages: e.Passages},
			{Action: ActionUseEmbedder, Embedder: &e.Index},
			{Action: ActionKeywords},
		}
	case KindNoRelevance:
		return []Hint{{Action: ActionNoRerank}}
	case KindDamaged:
		if errors.Is(err, index.ErrBeyondRepair) {
			return []Hint{{Action: ActionRecreate}}
		}
		return []Hint{{Action: ActionRepair}}
	case KindNoRuntime:
		return []Hint{runtimeHint(err), {Action: ActionKeywords}}
	}
	return nil
}

// runtimeHint says what to do where there is no ONNX Runtime. While a library
// is named, obtaining one is of no use.
func runtimeHint(err error) Hint {
	if e := (*ort.NotFoundError)(nil); errors.As(err, &e) {
		for _, a := range e.Attempts {
			if a.Source == ort.FromOptions || a.Source == ort.FromEnvironment {
				return Hint{Action: ActionNameRuntime, Source: a.Source}
			}
		}
	}
	return Hint{Action: ActionInstallRuntime}
}
