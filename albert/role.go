package albert

import "slices"

// Role is what a model does for the program. What there is to know about each
// is in the table that Roles returns: a new role is a new row.
type Role string

// The roles.
const (
	RoleEmbedder   Role = "embedder"
	RoleReader     Role = "reader"
	RoleReranker   Role = "reranker"
	RoleClassifier Role = "classifier"
	RoleTagger     Role = "tagger"
)

// RoleInfo is a row of the table of roles.
type RoleInfo struct {
	Role Role
	// Does says what a model does in the role, as "turns texts into vectors";
	// Done says it of the texts, as "texts become vectors".
	Does, Done string
	// Heads are those of which a model needs one, the preferred one first.
	// With a head in Unless it cannot have the role.
	Heads, Unless []Head
	// OneLabel reports whether Class is such a head only with one label.
	OneLabel bool
	// Lacks says what a model lacks that cannot have the role.
	Lacks string
	// Chosen reports whether a model can be chosen for the role.
	Chosen bool
	// With is the role whose model does this one's work as well, from the same
	// pass, where no other is chosen; "" if there is none.
	With Role
}

// Roles returns the table of roles.
func Roles() []RoleInfo {
	return []RoleInfo{
		{
			Role: RoleEmbedder, Does: "turns texts into vectors", Done: "texts become vectors", Chosen: true,
			Heads: []Head{Pooled, PooledFirst, PooledMax},
			Lacks: "hidden states",
		},
		{
			Role: RoleReader, Does: "reads passages", Done: "passages are read", Chosen: true,
			Heads: []Head{SpanRelevance, Span},
			Lacks: "weights that score the beginning and end of answers, as a model of the class AlbertForQuestionAnswering has",
		},
		{
			Role: RoleReranker, Does: "judges whether a passage answers a question", Done: "passages are reranked", Chosen: true, With: RoleReader,
			Heads: []Head{SpanRelevance, Class}, OneLabel: true,
			Lacks: "weights that score answers beside a classifier of the two labels irrelevant and relevant, or a classifier of one label",
		},
		{
			Role: RoleClassifier, Does: "sorts texts into classes", Done: "texts are sorted into classes",
			Heads: []Head{Class}, Unless: []Head{SpanRelevance},
			Lacks: "a classifier of texts, as a model of the class AlbertForSequenceClassification has",
		},
		{
			Role: RoleTagger, Does: "labels the words of texts", Done: "words are labelled",
			Heads: []Head{TokenClass},
			Lacks: "a classifier of tokens, as a model of the class AlbertForTokenClassification has",
		},
	}
}

// Info returns the row of a role; ok is false if there is no such role.
func (r Role) Info() (info RoleInfo, ok bool) {
	for _, info := range Roles() {
		if info.Role == r {
			return info, true
		}
	}
	return RoleInfo{}, false
}

// ChosenRoles returns the roles that a model can be chosen for.
func ChosenRoles() []Role {
	var all []Role
	for _, info := range Roles() {
		if info.Chosen {
			all = append(all, info.Role)
		}
	}
	return all
}

// Head returns the head that a model is opened for in the role; ok is false if
// the model cannot have it.
func (i RoleInfo) Head(m *Model) (h Head, ok bool) {
	if slices.ContainsFunc(i.Unless, m.HasHead) {
		return 0, false
	}
	for _, h := range i.Heads {
		if m.HasHead(h) && (h != Class || !i.OneLabel || len(m.Labels()) == 1) {
			return h, true
		}
	}
	return 0, false
}
