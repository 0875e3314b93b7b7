package tokenize

// WithoutPlain returns a SentencePiece tokenizer that cuts every text in the way
// that takes all.
func WithoutPlain(t Tokenizer) Tokenizer {
	p := t.(*sentencePiece)
	slow := &sentencePiece{cleaner: p.cleaner, norm: p.norm, model: p.model, special: p.special}
	slow.scratch.New = p.scratch.New
	return slow
}

// TakesPlain reports whether a SentencePiece tokenizer has a shorter way for every
// word of the text.
func TakesPlain(t Tokenizer, text string) bool {
	plain := t.(*sentencePiece).plain
	before := byte(0)
	for i := range len(text) {
		b := text[i]
		if plain == nil || plain[b] == 0 || b == before && (b == '`' || b == '\'') {
			return false
		}
		before = b
	}
	return plain != nil
}
