// Package tokenize turns text into the integer pieces an ALBERT reads, and
// remembers which bytes of the text each piece came from.
//
// Two vocabularies are supported, both in pure Go: WordPiece (vocab.txt or
// tokenizer.json, as the Chinese ALBERTs and the built-in models have) and
// SentencePiece unigram (spiece.model, as Google's ALBERTs have).
package tokenize

// Token is one piece of a text.
type Token struct {
	// ID is the piece's row in the model's embedding table.
	ID int32
	// Start and End are the byte range of the piece in the text given to
	// Append. Ranges never decrease; a piece that stands for no byte of its
	// own has Start == End.
	Start, End int
}

// Special holds the ids of the pieces that have a meaning of their own.
type Special struct {
	CLS, SEP, PAD, UNK, MASK int32
}

// Tokenizer splits text into pieces. Implementations are safe for use by
// several goroutines at once and never fail: text that is not valid UTF-8 or
// has characters the vocabulary lacks yields UNK pieces.
type Tokenizer interface {
	// Append appends the pieces of text to dst, without CLS or SEP, and
	// returns the extended slice.
	Append(dst []Token, text string) []Token
	// Special returns the ids of the special pieces.
	Special() Special
	// Size is the number of pieces in the vocabulary.
	Size() int
}

// Sequence is one input of a model: the pieces of one text, or of two texts
// one behind the other, special pieces included.
type Sequence struct {
	IDs []int32
	// Split is the index of the first piece of the second text (token type 1).
	// It is len(IDs) when there is one text only.
	Split int
}
