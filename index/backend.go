package index

import (
	"context"
	"errors"
	"iter"

	"github.com/albert-search/albert-search/document"
)

// Backend is a place that can hold an index: a folder, memory, a cluster. Its
// methods may be called by several goroutines at once.
type Backend interface {
	// String is the address of the index as a user would write it.
	String() string
	// Snapshot returns the newest published version. It is cheap when nothing
	// was published since the last call, and never waits for a writer or for
	// those who hold other snapshots. What a Writer of this Backend has published
	// is in the next Snapshot. While another one goes on writing, a backend may
	// return the version before for about a second, until it has opened the newest.
	// The caller must release it. Without an index the error is ErrNotFound.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Create opens the index for writing and makes it if there is none. It does
	// not wait for another writer: that is an ErrLocked.
	Create(ctx context.Context, s Settings) (Writer, error)
	// Locked returns an ErrLocked if somebody writes to the index, nil
	// otherwise. Nothing is made or changed.
	Locked(ctx context.Context) error
	// Drop deletes the index with all that is in it.
	Drop(ctx context.Context) error
	// Capabilities says what it can do that not every backend can.
	Capabilities(ctx context.Context) (Capabilities, error)
	// Close frees what the backend keeps for the next Snapshot. Snapshots and
	// writers are freed by their own methods.
	Close() error
}

// Capabilities are what not every Backend can do. What is asked of one that
// cannot do it is an errors.ErrUnsupported.
type Capabilities struct {
	// Maintain: it is a Maintainer.
	Maintain bool `json:"maintain"`
	// Reembed: its Writers are Reembedders.
	Reembed bool `json:"reembed"`
	// Later: passages may be put without vectors, and get vectors and annotations
	// later; and all that documents and passages can have is kept.
	Later bool `json:"later"`
	// Annotations: Filter.Annotated and Filter.Unannotated.
	Annotations bool `json:"annotations"`
}

// Read calls f with the newest version of an index, which f must not keep.
func Read(ctx context.Context, b Backend, f func(Snapshot) error) (err error) {
	s, err := b.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Release()) }()
	return f(s)
}

// Snapshot is one version of an index. Whatever is published meanwhile, all
// calls see that version until Release. It may be used by several goroutines at
// once. Hits are in descending order of score; equal scores are ordered by
// document ID, then by Start.
type Snapshot interface {
	// Stats counts what is stored.
	Stats(ctx context.Context) (Stats, error)
	// Documents iterates over the documents whose ID begins with prefix, in
	// ascending order of ID. They are shared and must not be changed.
	Documents(ctx context.Context, prefix string) iter.Seq2[*Info, error]
	// Document returns the document of the ID; nil where there is none.
	Document(ctx context.Context, id string) (*Info, error)
	// DocumentPassages returns all passages of a document in the order of the
	// text; none where there is no such document.
	DocumentPassages(ctx context.Context, id string) ([]Stored, error)
	// Keyword returns the passages that match the query best by BM25.
	Keyword(ctx context.Context, r Request) ([]Hit, error)
	// Nearest returns the passages whose vectors are nearest by cosine.
	// Passages without a vector are not found.
	Nearest(ctx context.Context, r Request) ([]Hit, error)
	// Passages returns the passages of the ids, in the order of ids. It fails
	// with ErrNoPassage when this version has none of one of the ids.
	Passages(ctx context.Context, ids []PassageID) ([]Stored, error)
	// Vectors returns the vectors of the ids, in the order of ids; nil for a
	// passage that has none yet.
	Vectors(ctx context.Context, ids []PassageID) ([][]float32, error)
	// VectorsOf returns for each of the texts the vector of a passage that was
	// embedded as the same: it has that text, and its document that title. Both are
	// compared whole. The vector is nil where there is no such passage, or none
	// that has a vector. The first call may read all passages; later ones take far
	// less than to embed the texts.
	VectorsOf(ctx context.Context, texts []Titled) ([][]float32, error)
	// Missing iterates over the passages that have no vector yet, document by
	// document.
	Missing(ctx context.Context) iter.Seq2[Stored, error]
	// Counts counts the documents that pass the filter by the values of a field:
	// "type", "language", "state" or "meta.KEY".
	Counts(ctx context.Context, field string, f Filter) (map[string]int, error)
	// Statistics are what Keyword needs to know of the whole version to score
	// the query. Those of several indexes can be added up and handed to each of
	// them in Request.Statistics, so that their scores can be compared.
	Statistics(ctx context.Context, q Query) (Statistics, error)
	// Release gives the snapshot back. It may be called once.
	Release() error
}

// Writer changes an index. One Writer at a time has it. All methods may be
// called by several goroutines at once; they are carried out one after the other.
type Writer interface {
	// Apply carries out a batch. When it has returned nil, Snapshot sees the
	// batch; nobody else does yet.
	Apply(ctx context.Context, b Batch) error
	// Publish makes all applied batches durable and visible to others. Without
	// changes since the last one it does nothing.
	Publish(ctx context.Context) error
	// Snapshot returns what was applied so far, published or not. The caller
	// must release it.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Close publishes what was applied and lets others write.
	Close() error
}

// Reembedder is a Writer that can give all passages vectors of another embedder.
type Reembedder interface {
	// Reembed begins to give the passages vectors of another embedder, or goes
	// on with that where it was left. What is there of a third embedder is
	// discarded. Everything else goes on as before: Apply takes vectors of the
	// embedder in the settings, and searches use those.
	Reembed(ctx context.Context, e Embedder) (Reembedding, error)
}

// CheckOptions are what Check and Repair need from outside.
type CheckOptions struct {
	// Normalize makes of a passage's text what its keywords were taken from; an
	// empty result stands for the text itself. Nil leaves texts as they are.
	Normalize func(text string) string
	// Progress is called with the bytes checked so far and the bytes there are
	// to check; it may be nil.
	Progress func(done, total int64)
}

// Problem is something in an index that is not as it was written.
type Problem struct {
	// Path is the file or folder, relative to the index and slash-separated.
	Path string `json:"path"`
	// What is wrong with it, to be read after the name of the file.
	What string `json:"what"`
}

// CheckReport is what Check found.
type CheckReport struct {
	// Generation is the newest one, 0 if that cannot be told.
	Generation uint64 `json:"generation"`
	// Files and Bytes of all generations were compared with their checksums,
	// files that generations share once.
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Documents, those that could be read, and Passages of the newest generation
	// were compared with each other, with their vectors and with the postings;
	// 0 if it cannot be opened.
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	// Problems is empty if the index is sound.
	Problems []Problem `json:"problems"`
	// Leftovers are what a writer that was killed has left: no damage, and gone
	// with the next one. While a writer is at work its folder is one of them.
	Leftovers []string `json:"leftovers"`
}

// RepairOptions are what Repair needs from outside.
type RepairOptions struct {
	CheckOptions
	// Embed returns the vectors of passages by the embedder of the index. Of a
	// document whose vectors are damaged the passages are embedded again. When
	// it is nil or returns ErrModelMismatch, since it has another embedder, the
	// passages stay without vectors.
	Embed func(ctx context.Context, e Embedder, passages []Stored) ([][]float32, error)
}

// Lost is a document that a repair could not save.
type Lost struct {
	ID   string `json:"id"`
	Path string `json:"path"`
	Why  string `json:"why"`
}

// RepairReport says what Repair did.
type RepairReport struct {
	// Before and After are what Check found. After is nil when there was
	// nothing to repair, and with an error that says so when what was written
	// could not be checked.
	Before *CheckReport `json:"-"`
	After  *CheckReport `json:"-"`
	// Documents and Passages were saved; of these Reembedded passages were
	// given new vectors.
	Documents  int `json:"documents"`
	Passages   int `json:"passages"`
	Reembedded int `json:"reembedded"`
	// Vectorless of these passages had a damaged vector and have none now.
	Vectorless int `json:"vectorless"`
	// Lost documents were dropped and have to be indexed again.
	Lost []Lost `json:"lost"`
	// Unnamed says of segments that had documents whose names could not be
	// read either: all sources have to be indexed again.
	Unnamed []string `json:"-"`
	// Undeleted says that nothing tells any more which documents were deleted:
	// some may be back until their source is indexed again.
	Undeleted bool `json:"-"`
	// Older says that the newest generation could not be saved, and the one
	// before it was.
	Older bool `json:"-"`
	// Discarded passages had a vector of an unfinished re-embedding.
	Discarded int `json:"discarded"`
}

// Maintainer is a Backend that can find and repair damage.
type Maintainer interface {
	// Check compares everything in the index with everything it can be compared
	// with. The error says that there is no index or that it cannot be read;
	// what is wrong with it is in the report.
	Check(ctx context.Context, o CheckOptions) (*CheckReport, error)
	// Repair saves what can be saved of a damaged index.
	Repair(ctx context.Context, o RepairOptions) (*RepairReport, error)
}

// Statistics are the counts that BM25 is worked out from.
type Statistics struct {
	// Passages counts those of the index.
	Passages int
	// Fields has, by name of field, the passages that have it and the tokens in
	// them.
	Fields map[string]FieldStatistics
	// Terms has, by name of field, the number of passages that have each term of
	// the query. The field "" stands for title, heading and text taken together.
	Terms map[string]map[string]int
}

// Add adds the counts of another index, for the same query.
func (s *Statistics) Add(other Statistics) {
	s.Passages += other.Passages
	if s.Fields == nil {
		s.Fields = make(map[string]FieldStatistics)
	}
	for name, f := range other.Fields {
		have := s.Fields[name]
		s.Fields[name] = FieldStatistics{have.Passages + f.Passages, have.Tokens + f.Tokens}
	}
	if s.Terms == nil {
		s.Terms = make(map[string]map[string]int)
	}
	for name, terms := range other.Terms {
		if s.Terms[name] == nil {
			s.Terms[name] = make(map[string]int)
		}
		for term, n := range terms {
			s.Terms[name][term] += n
		}
	}
}

// FieldStatistics sums up one field over all passages.
type FieldStatistics struct {
	Passages, Tokens uint64
}

// Annotated replaces the annotations of some kinds of a passage that is there.
type Annotated struct {
	ID PassageID
	// Kinds were looked for; what was known of them is replaced. Annotations are of
	// these kinds. A kind of which there is none was looked for in vain, and that is
	// kept (Passage.Annotated).
	Kinds       []string
	Annotations []document.Annotation
}
