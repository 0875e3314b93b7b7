package extract

import "context"

// Format is a kind of file and how it is read. Each is a value that a room of
// its own returns, as pdf.Format does; package formats lists them all.
type Format struct {
	// Name is the short name of the type, as in "--type pdf". It is stored in
	// indexes and never changes.
	Name string
	// Title is for people, with its article: "a PDF document".
	Title string
	// MediaTypes are the names that servers and mail programs have for it, the
	// usual one first, in lower case and without parameters.
	MediaTypes []string
	// Extensions are those of its files' names, in lower case and without the
	// dot. Names are names of files that have none by custom, in lower case.
	Extensions []string
	Names      []string

	// Text reports that its files are text in some encoding. A file that is
	// named like one text format and looks like another is read as what it is
	// named.
	Text bool
	// Sniff reports whether a file looks like one of the format. Nil means that
	// its files are known by their names only.
	Sniff func(*Sample) bool
	// Isolation is what it takes to read a file of unknown origin safely.
	Isolation Isolation
	// Verbatim reports that the lines of Text.Body are the lines of the file,
	// so that an editor can be sent to them.
	Verbatim bool
	// Lines says what a line of Text.Body is to people.
	Lines Lines
	// FrontMatter reports that files may begin with metadata between fences.
	FrontMatter bool

	// Version is that of its reader. It changes whenever the reader would give
	// other text, structure or metadata for the same file; documents that were
	// read by another version are then read again. It is 1 or more.
	Version int
	// Read reads a file. It need not set Text.Type, Version and Verbatim, nor
	// be safe from panics, nor look at the context more often than every few
	// milliseconds; it must keep to Input.Limits.
	Read func(context.Context, *Input) (*Text, error)
	// Open takes the place of Read for a format whose reader holds something
	// from one file to the next. It is called once for an Extractor, and costs
	// next to nothing before the first file.
	Open func(Options) Reader
}

// Reader reads the files of one format. It is used by several goroutines at
// once. Close ends the reading of files, which fail, and waits for that.
type Reader interface {
	Read(context.Context, *Input) (*Text, error)
	Close() error
}

// readerFunc is the Reader of a Format that has Read.
type readerFunc func(context.Context, *Input) (*Text, error)

func (f readerFunc) Read(ctx context.Context, in *Input) (*Text, error) { return f(ctx, in) }
func (readerFunc) Close() error                                         { return nil }

// Isolation is what keeps the reading of a file from harming the program.
type Isolation uint8

const (
	// InProcess formats are decoded and not parsed, which keeps to the limits
	// whatever is in the file.
	InProcess Isolation = iota
	// WASM formats are parsed in a WebAssembly sandbox, which keeps to the
	// limits too, and takes memory.
	WASM
	// Subprocess formats are parsed in Go, by code that a bug could make hang,
	// exhaust the memory or crash: package sandbox reads them in a process of
	// its own.
	Subprocess
)

// Lines says what the lines of a text are to people.
type Lines uint8

const (
	// Wrapped lines end anywhere, also in the middle of a sentence; they may be
	// joined and wrapped again to be shown.
	Wrapped Lines = iota
	// Paragraphs are lines of which each stands for itself.
	Paragraphs
	// Preformatted lines are shown as they are, as code and data.
	Preformatted
)
