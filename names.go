package albertsearch

import (
	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/embed"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/ingest"
	"github.com/albert-search/albert-search/qa"
	"github.com/albert-search/albert-search/rerank"
)

// What requests, results and options are made of, so that a program need not
// import the packages that it comes from.
type (
	// Filter says which documents are meant.
	Filter = index.Filter
	// Place is where something stands in a file.
	Place = document.Place
	// Range is a byte range of a text.
	Range = document.Span
	// Fusion is a way to fuse ranked lists.
	Fusion = rerank.Method
	// Source offers documents to Index. Package ingest/source has those for files,
	// records and streams.
	Source = ingest.Source
	// Held says of documents that were not found and are kept all the same.
	Held = ingest.Held
	// Embedder turns texts into vectors.
	Embedder = embed.Embedder
	// Backend is a place that can hold an index.
	Backend = index.Backend
	// Role is what a model does.
	Role = albert.Role
	// LockedError says who else writes to an index.
	LockedError = index.LockedError
)

// The roles of models that an Engine uses, for Models.
const (
	RoleEmbedder = albert.RoleEmbedder
	RoleReader   = albert.RoleReader
	RoleReranker = albert.RoleReranker
)

// Errors that an Engine returns, wrapped in errors with the details. KindOf names
// these and more.
var (
	ErrNoIndex       = index.ErrNotFound      // KindNoIndex
	ErrNotAnIndex    = index.ErrNotIndex      // KindNotAnIndex
	ErrLocked        = index.ErrLocked        // KindLocked
	ErrUnreachable   = index.ErrUnreachable   // KindUnreachable
	ErrNewerFormat   = index.ErrNewerFormat   // KindNewerFormat
	ErrModelMismatch = index.ErrModelMismatch // KindModelMismatch
	ErrDamaged       = index.ErrDamaged       // KindDamaged
	ErrNoRelevance   = qa.ErrNoRelevance      // KindNoRelevance
)
