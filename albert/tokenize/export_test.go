package tokenize

// WithoutPlain returns a SentencePiece tokenizer that cuts every text in the way
// that takes all.
func WithoutPlain(t Tokenizer) Tokenizer {
	p := t.(*sentencePiece)
	slow := &sentencePiece{cleaner: p.cleaner, norm: p.norm, model: p.model, special: p.special}
	slow.scratch.New = p.scratch.New
	return slow
}

// TakesPlain tells whether a SentencePiece tokenizer has a shorter way for the
// text.
func TakesPlain(t Tokenizer, text string) bool { return t.(*sentencePiece).plain.hold(text) }
