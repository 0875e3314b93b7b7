// Package document has the words that reading, storing and citing documents
// share: where something stands (Place), what a text is made of (Block), what
// is found and read as one (Passage), and what is remembered of a file to see
// whether it changed (Fingerprint). It imports nothing of ours, so that readers
// of formats and stores need not know of each other.
package document

import (
	"fmt"
	"time"
)

// State says what became of a document.
type State uint8

// The states of a document.
const (
	// Indexed documents have passages.
	Indexed State = iota
	// Failed documents could not be read; Reason says why.
	Failed
	// Skipped documents are of a kind that is not read; Reason says which.
	Skipped
)

// String is the state in a word: "indexed", "failed" or "skipped".
func (s State) String() string {
	switch s {
	case Indexed:
		return "indexed"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Info is a document without its passages.
type Info struct {
	// ID is the key: a document put with the same ID replaces this one.
	ID string
	// Path is the slash-separated path that path filters match.
	Path  string
	Title string
	// Type is the short name of the format: "text", "markdown", "pdf", ...
	Type     string
	Modified time.Time
	Metadata map[string]string
	// Language is the language of most of the document as a BCP 47 tag, such as
	// "en" or "zh-Hant"; empty where it is unknown.
	Language string

	Fingerprint Fingerprint
	State       State
	// Reason says why a document failed or was skipped, or what of an indexed
	// one was left out. It is empty when all was read.
	Reason string
	// LeftOut is what the reader left out because nobody would see it; see LeftOut.
	LeftOut []LeftOut
	// Versions are those of the code that read and split the document.
	Versions Versions
	// Bytes is the length of the extracted text.
	Bytes int
	// Passages is the number of passages. Set by the store.
	Passages int
}

// Partial reports whether something of an indexed document could not be read:
// Reason says what.
func (d *Info) Partial() bool { return d.State == Indexed && d.Reason != "" }

// Versions say which code made the passages of a document. A document of an
// older version stays searchable; the next run reads it again.
type Versions struct {
	// Reader is the version of the reader of its format, Splitter that of the
	// splitter. 0 stands for any version before they were recorded.
	Reader, Splitter int
	// Container is the sum of the versions of the readers of all containers that
	// the document is in; 0 for one that is a file of its own. Of a document that
	// could not be read the Reader is that of the reader that failed, if Info.Type
	// says what it was taken for, else the sum of the versions of all readers there
	// were: any of them may read it once there is a newer one.
	Container int
	// Encoding is the character set that the user gave for texts when the document
	// was read; empty if none.
	Encoding string
}

// LeftOut is what of a file is not in its text, and was not meant to be: scripts,
// style sheets, what is never shown. What could not be read is in Info.Reason.
type LeftOut struct {
	// What names it in a few words, such as "script" or "style".
	What string `json:"what"`
	// Count is how many parts of the file they were, Bytes how long they are
	// together in the file.
	Count int `json:"count"`
	Bytes int `json:"bytes"`
}

// Passage is a piece of a document that is found, read and cited as one.
type Passage struct {
	// Start and End are the byte range in the document's extracted text.
	Start, End int
	// Place is where Start stands in the file. Last is where the last byte
	// stands, in the parts of a place that differ from Place; it is zero for a
	// passage that stands in one place, as on one page.
	//
	// A column says that the lines of the passage are those of the file: then
	// where each of its bytes stands follows from Text.
	Place, Last Place
	// Places say where the text from an offset on stands, where that is not Place
	// any more, in ascending order of Offset. Offsets count from Start. Lines and
	// columns that follow from Text are not among them.
	Places []PlaceAt
	// Boxes are where the words stand on their pages, in ascending order of Start.
	// Their Start and End count from that of the passage.
	Boxes []BoxAt
	// Heading is the path of headings that leads to the passage, outermost
	// first.
	Heading []string
	// Context is what the passage depends on and does not contain: the term
	// that it describes, or the header row of its table.
	Context string
	// Language is a BCP 47 tag; empty means that of the document.
	Language string
	// Furniture marks what belongs to the page and not to the text: navigation,
	// running heads, cookie banners.
	Furniture bool
	// Text is the passage as it stands in the document: it is what is shown.
	Text string
	// Match is the normalised text that keywords are matched against. It is
	// indexed but not kept. Empty means Text.
	Match string
	// Annotations are labels and entities, in ascending order of Start.
	Annotations []Annotation
	// Annotated are the kinds of annotation that were looked for, in ascending order,
	// those of Annotations included. Of a kind that is here and in none of them
	// nothing was found; of one that is not here nothing is known.
	Annotated []string
	// Signature is a sketch of the text by which near copies are found; nil
	// where there is none.
	Signature []byte
	// Vector is the passage's unit vector, nil where it is not known yet. A
	// store returns passages without it.
	Vector []float32
}

// Annotation says something about a passage or a part of it.
type Annotation struct {
	// Kind names who said it and what sort of thing it is, as "entity/PER" or
	// "label/topic"; Value is what it says.
	Kind  string `json:"kind"`
	Value string `json:"value"`
	// Start and End are a byte range of the passage's Text; both are 0 where
	// the passage as a whole is meant.
	Start int `json:"start,omitempty"`
	End   int `json:"end,omitempty"`
}

// Stat is what the file system says of a file without reading it. Times are
// Unix nanoseconds; zero where unknown.
type Stat struct {
	Size, ModTime, ChangeTime int64
	Inode                     uint64
}

// racyWindow is how old a file must be before its times are trusted. A file
// that is written twice within the resolution of its file system's clock has
// the same times both times; two seconds is the coarsest in use (FAT).
const racyWindow = 2 * time.Second

// Settled returns a stat as it may be kept when the file was looked at at
// the time now: the times of a file that changed just then, or that lie in
// the future because a clock was wrong, prove nothing, and are left out. The
// next run then compares the content.
func (s Stat) Settled(now time.Time) Stat {
	newest := max(s.ModTime, s.ChangeTime)
	if newest > now.Add(-racyWindow).UnixNano() {
		s.ModTime, s.ChangeTime = 0, 0
	}
	return s
}

// Fingerprint is what is remembered of a document to notice later whether it
// has changed.
type Fingerprint struct {
	Stat
	SHA256 [32]byte
	// Device is a number that the system gave to the disk that the document was
	// on; 0 where unknown. It may give another one to the same disk later, so
	// that it says nothing about whether the document has changed.
	Device uint64
}
