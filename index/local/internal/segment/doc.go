// Package segment reads and writes the files that keep documents. What belongs
// together has one number in its names or stands together in a MANIFEST:
//
//	seg-N    File         the documents and texts of one or more batches
//	vec-M    Vectors      vectors of some or all of its passages, any number of
//	                      files; where two have a passage, the later one counts
//	ann-M    Annotations  annotations that were made later, likewise
//
// A file never changes once it is written. Passages go by four numbers, which
// have types of their own: by Row, which is never used for another one and is
// the same in all files; by Position, counted from 0 in one segment; by place
// among the vectors of a file, a plain int; and Bleve's, of which this package
// knows nothing.
//
// File, Vectors and Annotations are made for many goroutines at once. They read
// from a mapping: whoever calls their methods must be prepared for a fault (see
// disk.CatchFault). The package knows nothing of generations, postings, or
// searches.
package segment

import "math"

// Row is the number of a passage in an index.
type Row uint32

// DocNumber is the number of a version of a document in an index: a document
// that is put again gets another.
type DocNumber uint32

// Position is where a passage is in a segment, counted from 0.
type Position int

// MaxNumber is the highest Row and DocNumber.
const MaxNumber = math.MaxUint32 - 1
