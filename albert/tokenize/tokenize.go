// Package tokenize turns text into the integer tokens an ALBERT reads, and
// remembers which bytes of the text each token came from.
//
// Two vocabularies are supported, both in pure Go: WordPiece (vocab.txt or
// tokenizer.json, as the Chinese ALBERTs and the built-in models have) and
// SentencePiece unigram (spiece.model, as Google's ALBERTs have).
package tokenize

// Token is one token of a text.
type Token struct {
	// ID is the token's row in the model's embedding table.
	ID int32
	// Start and End are the byte range of the token in the text given to
	// Append. Ranges never decrease; a token that stands for no byte of its
	// own has Start == End.
	Start, End int
}

// Special holds the ids of the tokens that have a meaning of their own.
type Special struct {
	CLS, SEP, PAD, UNK, MASK int32
}

// Tokenizer splits text into tokens. Implementations are safe for use by
// several goroutines at once and never fail: text that is not valid UTF-8 or
// has characters the vocabulary lacks yields UNK tokens.
type Tokenizer interface {
	// Append appends the tokens of text to dst, without CLS or SEP, and
	// returns the extended slice.
	Append(dst []Token, text string) []Token
	// Special returns the ids of the special tokens.
	Special() Special
	// Size is the number of tokens in the vocabulary.
	Size() int
}

// Sequence is one input of a model: the tokens of one text, or of two texts
// one behind the other, special tokens included.
type Sequence struct {
	IDs []int32
	// Split is the index of the first token of the second text (token type 1).
	// It is len(IDs) when there is one text only.
	Split int
}
