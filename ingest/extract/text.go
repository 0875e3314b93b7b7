package extract

// Text is what was read from a document.
type Text struct {
	// Body is valid UTF-8. All offsets are byte offsets into it.
	Body  string
	Title string
	// Type is the Name of the Format, Version that of its reader. The Extractor
	// sets both, and Verbatim.
	Type    string
	Version int
	// Pages holds the offset at which each page starts; nil where the format
	// has no pages.
	Pages []int
	// Headings are in ascending order of Start.
	Headings []Heading
	// Verbatim reports that the lines of Body are the lines of the file, so
	// that an editor can be sent to them.
	Verbatim bool
	Metadata map[string]string
	// Note says what could not be read although the rest was ("3 of 9 pages
	// have no text"); empty when all was read.
	Note string
}

// Heading is a title of a part of a document. It reaches to the next heading
// of the same or a smaller Level.
type Heading struct {
	Start int
	Level int // 1 is the outermost
	Text  string
}
