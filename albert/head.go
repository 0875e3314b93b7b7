package albert

import "fmt"

// Head is what a session computes from the last hidden states.
type Head int

const (
	// Hidden is the last hidden states themselves.
	Hidden Head = iota
	// Pooled is their mean over all tokens, the special ones too, not
	// normalised.
	Pooled
	// Span is a start and an end logit for each token, as
	// AlbertForQuestionAnswering has them.
	Span
	// Class is a logit for each label, as AlbertForSequenceClassification has
	// them.
	Class
	// SpanRelevance is Span together with Class of the two labels irrelevant
	// and relevant, from one pass.
	SpanRelevance
	// PooledFirst is the last hidden state of the first token, [CLS].
	PooledFirst
	// PooledMax is the largest of the last hidden states over all tokens, for
	// each number.
	PooledMax
	// TokenClass is a logit for each label and token, as
	// AlbertForTokenClassification has them.
	TokenClass
)

// heads are all heads, in the order of their values.
var heads = [...]Head{Hidden, Pooled, Span, Class, SpanRelevance, PooledFirst, PooledMax, TokenClass}

// String returns the name of the head. Those of the pooled heads must never
// change: they are hashed into the identity of embedders, by which an index
// knows whose vectors it has.
func (h Head) String() string {
	switch h {
	case Hidden:
		return "hidden"
	case Pooled:
		return "pooled"
	case Span:
		return "span"
	case Class:
		return "class"
	case SpanRelevance:
		return "span and relevance"
	case PooledFirst:
		return "first piece"
	case PooledMax:
		return "largest"
	case TokenClass:
		return "token class"
	}
	return fmt.Sprintf("Head(%d)", int(h))
}
