package extract

import (
	"cmp"
	"context"
	"io"
	"iter"
	"time"

	"github.com/albert-search/albert-search/document"
)

// Container is a kind of file that holds documents of its own: an archive, a
// mailbox, a file of records. Each member is a document like a file, and may be
// a container in turn. Whoever lists the members sees to the limits, to members
// of one name and to the IDs.
type Container interface {
	// Named reports whether the name alone, without its folder, lets one expect
	// such a container. Only then is the content looked at.
	Named(name string) bool
	// Version is that of its reader. It changes whenever the reader would give
	// other members or, where members have Read, other text for the same file;
	// they are then read again. It is 1 or more.
	Version() int
	// Holds reports whether the content is such a container. It reads no more
	// than a beginning.
	Holds(in *io.SectionReader) bool
	// Members iterates over the members in an order that is the same each time.
	// An error ends it, and says that the members after that are not known.
	// What is known to be there and cannot be read is a Member with Err.
	// Members must not keep the content of more than one member in memory, and
	// must end with the context.
	Members(ctx context.Context, in *io.SectionReader) iter.Seq2[Member, error]
}

// Carrier is a Container whose files are documents as well, such as a mail or a
// PDF with attachments.
type Carrier interface {
	Container
	// IsDocument reports whether the file is to be offered as a document of its
	// own, too, after its members. What it is, its name and first bytes decide, as
	// with any file. That its members are not all known is then a note of it, and
	// no failure.
	IsDocument() bool
}

// IsDocument reports whether files of that kind are documents as well.
func IsDocument(c Container) bool {
	carrier, ok := c.(Carrier)
	return ok && carrier.IsDocument()
}

// Member is one part of a container.
type Member struct {
	// Name is what the container calls it. It may have any bytes in it, also '/'
	// and '#'. It is empty where the container could not make out a name; then
	// all that is known of the container's other members is not known to be
	// complete.
	Name string
	// Number counts the members from 1, or the lines where each is a line.
	Number int
	// Place is where the member stands in the container, where that says more
	// than Number.
	Place document.Place
	// Path is shown, and matched by filters, instead of the one made of Name; it
	// may be empty.
	Path string
	// Modified is zero where it is not known.
	Modified time.Time
	// Size in bytes, -1 where it is not known before the content was read.
	Size int64
	// SHA256 is that of the content, where it is known without Open. What Open
	// gives later must be of it, or counts as having changed.
	SHA256 *[32]byte
	// Err says why the member cannot be read; nil otherwise. An
	// *UnsupportedError says that it is of a kind that is not read.
	Err error
	// Open returns the content. in is that of the container again, opened again:
	// the one that Members was given is closed by then. An *io.SectionReader is
	// read in place; anything else is expanded first, in memory if it is small
	// and in a temporary file if not. It may be an io.Closer.
	Open func(ctx context.Context, in *io.SectionReader) (io.Reader, error)
	// Read reads the content where the container knows how. When nil the
	// member's name and first bytes decide, as with a file. The content has been
	// compared with SHA256.
	Read func(ctx context.Context, content []byte) (*Text, error)
}

// ContainerLimits bound what is spent on the members of one file, counted over
// all of them however deeply they are nested.
type ContainerLimits struct {
	// Bytes is how much of the members is expanded, that is, not read in place.
	Bytes int64
	// Members is how many there are. The records of a file of records do not
	// count: the file itself bounds them.
	Members int
	// Depth is how deeply containers are nested; the members of a file that is
	// one, and in no other, are 1 deep.
	Depth int
	// Time is how long expanding may take.
	Time time.Duration
}

// WithDefaults returns the limits with the usual ones for zeros.
func (l ContainerLimits) WithDefaults() ContainerLimits {
	return ContainerLimits{
		Bytes:   cmp.Or(l.Bytes, 4<<30),
		Members: cmp.Or(l.Members, 100_000),
		Depth:   cmp.Or(l.Depth, 4),
		Time:    cmp.Or(l.Time, 5*time.Minute),
	}
}
