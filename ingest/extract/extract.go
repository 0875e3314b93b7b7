// Package extract reads the text of documents: plain text and source code,
// Markdown, HTML, PDF and DOCX.
package extract

// Text is what was read from a document.
type Text struct {
	// Body is valid UTF-8. All offsets are byte offsets into it.
	Body  string
	Title string
	// Type is the short name of the format: "text", "code", "markdown",
	// "html", "pdf", "docx", ...
	Type string
	// Pages holds the offset at which each page starts; nil where the format
	// has no pages.
	Pages []int
	// Headings are in ascending order of Start.
	Headings []Heading
	// Lines tells that the lines of Body are the lines of the file, so that
	// an editor can be sent to them.
	Lines    bool
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
