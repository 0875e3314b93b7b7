// Package index keeps documents and their passages and finds passages again,
// by keywords and by vectors. Backend is what every store of it fulfils: it opens
// Snapshots to read and a Writer to change it. Package indextest has the suite
// that each backend must pass.
package index

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/internal/errkind"
)

// Errors that every Backend returns, wrapped in an error with the details.
var (
	// ErrNotFound: there is no index at that place.
	ErrNotFound = errkind.New(errkind.NoIndex, "no index")
	// ErrNotIndex: the place exists and holds something else.
	ErrNotIndex = errkind.New(errkind.NotAnIndex, "not an index")
	// ErrLocked: another process is writing to the index.
	ErrLocked = errkind.New(errkind.Locked, "index is being written")
	// ErrUnreachable: where the index is cannot be reached now.
	ErrUnreachable = errkind.New(errkind.Unreachable, "index cannot be reached")
	// ErrNewerFormat: a later version of the program wrote the index.
	ErrNewerFormat = errkind.New(errkind.NewerFormat, "index format is newer than this program")
	// ErrModelMismatch: the index was made with another embedder or splitter.
	ErrModelMismatch = errkind.New(errkind.ModelMismatch, "index was made with other settings")
	// ErrNoPassage: there is no passage of that id, or no longer.
	ErrNoPassage = errors.New("no such passage")
	// ErrDamaged: a file of the index is missing or not what was written.
	ErrDamaged = errkind.New(errkind.Damaged, "index is damaged")
	// ErrBeyondRepair is an ErrDamaged of an index that has to be made again.
	ErrBeyondRepair = fmt.Errorf("%w beyond repair", ErrDamaged)
)

// What documents and passages are; see package document.
type (
	State       = document.State
	Info        = document.Info
	Fingerprint = document.Fingerprint
	Passage     = document.Passage
	PassageID   = document.PassageID
	// Hit has the score of BM25 from Keyword, the cosine from Nearest.
	Hit   = document.Hit
	Range = document.Span
)

// The states of a document.
const (
	Indexed = document.Indexed
	Failed  = document.Failed
	Skipped = document.Skipped
)

// Document is what is put into an index.
type Document struct {
	Info
	Content []Passage
}

// Stored is a passage as a Snapshot returns it. Doc is shared and must not be
// changed.
type Stored struct {
	ID  PassageID
	Doc *Info
	Passage
}

// Titled is what an embedder reads of a passage: the title of its document and
// its text, as it stands in the document.
type Titled struct{ Title, Text string }

// Batch is one atomic change: after Apply has returned nil all of it is in the
// index, after an error none of it. Delete is carried out first, then Put, then
// Touch, then Vectors and Annotations; ids that are not there are ignored. Of
// several entries with one ID the last counts.
type Batch struct {
	// Put adds documents, in place of those of the same ID.
	Put    []Document
	Delete []string
	// Touch replaces the Info of documents and keeps their passages. Their
	// Title, Path and State stay as they are: to give them another is an error
	// here and a matter for Put. Passages is ignored.
	Touch []Info
	// Vectors are those of passages that are there already, by the embedder in
	// the settings. They replace the vectors that the passages have.
	Vectors []Embedded
	// Annotations replace annotations of passages that are there already.
	Annotations []Annotated
}

// Filter restricts a search to some documents. The zero Filter lets all pass;
// of several conditions all must hold.
type Filter struct {
	// Paths keeps documents whose path or ID matches one of the globs
	// (doublestar syntax). A glob without a slash matches the base name, one
	// that starts with a slash the whole path, any other a whole tail of the
	// path; "./" in front is dropped. A glob whose last part is a plain name
	// also matches folders of that name and keeps all that is in them; with a
	// slash at the end it matches folders only.
	Paths []string
	// NotPaths drops documents that match one of the globs.
	NotPaths []string
	// Types keeps documents of one of the types.
	Types []string
	// Languages keeps documents of one of the languages (Info.Language): a tag
	// stands for itself and for what is more special, as "en" for "en-GB". That of
	// a document whose language is not known is "".
	Languages []string
	// Metadata keeps documents that have all of the values.
	Metadata map[string]string
	// Annotated keeps passages that have an annotation of each of the kinds, with
	// the value where that is not "". Unannotated keeps passages of which one of the
	// kinds is not known yet (Passage.Annotated). A document passes if one of its
	// passages does.
	Annotated   map[string]string
	Unannotated []string
	// After and Before bound Modified: After <= Modified < Before. A zero
	// time does not bound; a document whose time is not known is within no
	// bounds.
	After, Before time.Time
}

// Occur says what part a clause has in a query.
type Occur uint8

// The parts of a clause.
const (
	Should  Occur = iota // raises the score
	Must                 // required
	MustNot              // excluded
)

// Clause is a word, a phrase or a run of text of a query.
type Clause struct {
	Text   string
	Phrase bool
	// Field restricts the clause to "title", "heading", "text" or "path";
	// empty means title, heading and text, and for a Should clause, with less
	// weight, path.
	Field string
	Occur Occur
}

// Query is a keyword query. See ParseQuery for its syntax.
type Query struct {
	Clauses []Clause
}

// Request asks a Snapshot for passages.
type Request struct {
	// Query is what Keyword scores. For Nearest only its Must and MustNot
	// clauses count: they restrict the result.
	Query Query
	// Vector is the unit vector that Nearest compares with; Keyword ignores it.
	Vector []float32
	Filter Filter
	// Limit is the most hits that are returned. It must be positive.
	Limit int
	// Statistics are what Keyword scores by; nil stands for those of the
	// snapshot.
	Statistics *Statistics
}

// Stats describes the contents of an index.
type Stats struct {
	// Documents counts the documents in state Indexed, Partial those among
	// them that are Info.Partial.
	Documents int
	Partial   int
	Failed    int
	Skipped   int
	Passages  int
	// Vectors counts the passages that have a vector.
	Vectors int
	// TextBytes is the size of the extracted text of all documents.
	TextBytes int64
	// DiskBytes is the size of the index on disk; 0 where that is unknown.
	DiskBytes  int64
	Generation uint64
	Settings   Settings
	// Reembedding is the unfinished re-embedding, as it was last published.
	Reembedding Unfinished
	Updated     time.Time
	// Outdated says that the next writer has something to do even if no document
	// has changed: the index lacks vectors or what makes searches fast, or has an
	// older format.
	Outdated bool
}

// Unfinished tells how far a re-embedding has come. It is zero when there is
// none.
type Unfinished struct {
	// Embedder is what Settings will have afterwards.
	Embedder Embedder
	// Passages counts the passages that have a vector of that embedder.
	Passages int
}

// Embedder is an embedding model, as an index knows it.
type Embedder struct {
	// ID is its identity, a content hash: vectors of models of different IDs
	// must not be compared.
	ID string `json:"id"`
	// Name is what people call it. It may be empty and decides nothing.
	Name string `json:"name,omitempty"`
	// Dim is the length of a vector.
	Dim int `json:"dim"`
}

// Is tells whether both give the same vectors.
func (e Embedder) Is(other Embedder) bool { return e.ID == other.ID && e.Dim == other.Dim }

// String names the model for people, by the beginning of the ID where it has
// no name.
func (e Embedder) String() string {
	text := fmt.Sprintf("%.12s (%d dimensions)", e.ID, e.Dim)
	if e.Name != "" {
		text = e.Name + " " + text
	}
	return text
}

// Settings are fixed when an index is made: with others its passages or
// vectors would not be comparable. Only Embedder and Dim can be given other
// values, by a re-embedding.
type Settings struct {
	// Embedder is the identity (content hash) of the embedding model.
	Embedder string
	// EmbedderName is what people call that model. Settings that differ in
	// nothing else are the same.
	EmbedderName string
	// Dim is the length of a vector.
	Dim int
	// Languages are those that texts are analysed in for keywords; see package
	// analysis. Texts of other languages are analysed in the first.
	Languages Languages
	// SplitTokens is the token budget of a passage.
	SplitTokens int
}

// Languages is a list of names of languages, separated by commas, so that Settings
// can be compared.
type Languages string

// LanguagesOf makes a list of names.
func LanguagesOf(names ...string) Languages { return Languages(strings.Join(names, ",")) }

// Names returns the names in the list.
func (l Languages) Names() []string {
	if l == "" {
		return nil
	}
	return strings.Split(string(l), ",")
}

// Model is the embedding model of the settings.
func (s Settings) Model() Embedder { return Embedder{s.Embedder, s.EmbedderName, s.Dim} }

// With returns the settings with another embedding model.
func (s Settings) With(e Embedder) Settings {
	s.Embedder, s.EmbedderName, s.Dim = e.ID, e.Name, e.Dim
	return s
}

// Same reports whether what was made with the one settings can go on with the
// others.
func (s Settings) Same(other Settings) bool {
	s.EmbedderName = other.EmbedderName
	return s == other
}

// Embedded is the vector of a passage.
type Embedded struct {
	ID     PassageID
	Vector []float32
}

// Reembedding fills a second set of vectors, the shadow, which takes the place
// of the first one as a whole or not at all. Like what Apply has done, what Add
// has done is durable once Publish has returned; then the shadow outlives the
// Writer, and Reembed of another one goes on with it. Documents that Apply puts
// meanwhile have no vectors in the shadow yet, and those that it deletes are
// gone from there too.
type Reembedding interface {
	// Passages iterates over all passages there are when it begins, document by
	// document. Vector is the one in the shadow, nil if there is
	// none yet: all passages after the first without a vector have none.
	Passages(ctx context.Context) iter.Seq2[Stored, error]
	// Vector returns the vector in the shadow, nil if there is none.
	Vector(ctx context.Context, id PassageID) ([]float32, error)
	// Add puts vectors into the shadow: those of all passages of one or more
	// documents, of the next in the order of Passages.
	Add(ctx context.Context, vectors []Embedded) error
	// Switch makes the shadow the vectors of the index, with the settings that
	// belong to it, and publishes. It is an error if a passage has no vector
	// there; then nothing has changed.
	Switch(ctx context.Context) error
	// Discard throws the shadow away.
	Discard(ctx context.Context) error
}
