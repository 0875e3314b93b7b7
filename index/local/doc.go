// Package local keeps an index in a folder: keywords in Bleve's inverted index,
// texts and vectors in segment files that are mapped into memory. One process
// writes while others read: the writer publishes generations, which never change
// (docs/format.md describes the files).
//
//	Backend (local.go)        the folder: opens the newest generation, once for all
//	 │                        who ask, and begins to write
//	 ├─ snapshot              one view, counted references; reads and searches
//	 │   └─ view              the state between two batches, immutable:
//	 │       ├─ contents      which documents and rows are live, and their sums
//	 │       ├─ segReader…    texts, records, vectors, codes (internal/segment)
//	 │       └─ postings      words (internal/postings), all that knows of Bleve
//	 │
//	 └─ writer                works in the folder work, a clone of a generation:
//	     ├─ apply, compact    a batch makes a new view
//	     ├─ publish           links the files of a view into a new generation, then
//	     │                    replaces CURRENT
//	     └─ reembed, shadow   vectors of another embedder, beside those in use
//
// A view begins with what the view before has open of the same files.
//
//	check, recover, repair    compare all with all, and write again what is whole
//	migrate                   brings an older format over
//
// Passages and documents go by several numbers, which have types of their own:
//
//	segment.Row         a passage in the index, for ever; outside an index.PassageID
//	segment.Position    a passage in its segment
//	segment.DocNumber   a version of a document in the index, for ever
//	postings.Number     a passage in one Reader of the postings, Bleve's
//	scanPlace           a vector in one scan: those of all files one after the other
//
// Imports point inwards: local knows its rooms, postings knows the numbers that
// segment hands out, all know disk, and none of them knows local.
package local
