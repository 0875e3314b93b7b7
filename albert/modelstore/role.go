package modelstore

import (
	"slices"

	"github.com/albert-search/albert-search/albert"
)

// Role is what a model does for the program. What there is to know about each
// is in the table that Roles returns: a new role is a new row.
type Role string

// The roles.
const (
	Embedder   Role = "embedder"
	Reader     Role = "reader"
	Reranker   Role = "reranker"
	Classifier Role = "classifier"
	Tagger     Role = "tagger"
)

// RoleInfo is a row of the table of roles.
type RoleInfo struct {
	Role Role
	// Does says what a model does in the role, as "turns texts into vectors";
	// Done says it of the texts, as "texts become vectors".
	Does, Done string
	// Heads are those of which a model needs one, the preferred one first.
	// With a head in Unless it cannot have the role.
	Heads, Unless []albert.Head
	// Lacks says what a model lacks that cannot have the role.
	Lacks string
	// Chosen reports whether a model can be chosen for the role.
	Chosen bool
	// With is the role whose model does this one's work as well, from the same
	// pass; "" if there is none.
	With Role
	// use is what Record.Uses calls it.
	use string
}

// Roles returns the table of roles.
func Roles() []RoleInfo {
	return []RoleInfo{
		{
			Role: Embedder, Does: "turns texts into vectors", Done: "texts become vectors", Chosen: true, use: "embedder",
			Heads: []albert.Head{albert.Pooled, albert.PooledFirst, albert.PooledMax},
			Lacks: "hidden states",
		},
		{
			Role: Reader, Does: "reads passages", Done: "passages are read", Chosen: true, use: "reader",
			Heads: []albert.Head{albert.SpanRelevance, albert.Span},
			Lacks: "weights that score the beginning and end of answers, as a model of the class AlbertForQuestionAnswering has",
		},
		{
			Role: Reranker, Does: "judges whether a passage answers a question", Done: "passages are reranked", With: Reader, use: "relevance",
			Heads: []albert.Head{albert.SpanRelevance},
			Lacks: "weights that score answers beside a classifier of the two labels irrelevant and relevant",
		},
		{
			Role: Classifier, Does: "sorts texts into classes", Done: "texts are sorted into classes", use: "classifier",
			Heads: []albert.Head{albert.Class}, Unless: []albert.Head{albert.SpanRelevance},
			Lacks: "a classifier of texts, as a model of the class AlbertForSequenceClassification has",
		},
		{
			Role: Tagger, Does: "labels the words of texts", Done: "words are labelled", use: "tagger",
			Heads: []albert.Head{albert.TokenClass},
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

// Capability says how a model can have a role.
type Capability struct {
	Role Role `json:"role"`
	// Trained reports whether the weights were trained for the role. Others may
	// be an embedder all the same: each has hidden states.
	Trained bool `json:"trained"`
	// Prompts are what the model was trained to see before a text, by the kind
	// of text, such as "query" and "passage". They are not added to texts.
	Prompts map[string]string `json:"prompts,omitempty"`
	// Labels are those of a classifier or tagger, in the order of its logits.
	Labels []string `json:"labels,omitempty"`
}

// capabilities returns which roles a model can have by its heads. Sentences
// reports whether it is one of sentence-transformers.
func capabilities(m *albert.Model, sentences bool) []Capability {
	var all []Capability
	for _, info := range Roles() {
		if !slices.ContainsFunc(info.Heads, m.HasHead) || slices.ContainsFunc(info.Unless, m.HasHead) {
			continue
		}
		c := Capability{Role: info.Role, Trained: sentences == (info.Role == Embedder)}
		if info.Role == Classifier || info.Role == Tagger {
			c.Labels = m.Labels()
		}
		all = append(all, c)
	}
	return all
}

// uses are the roles that a model was made for, as Record.Uses has them: what
// was trained for none can still embed.
func uses(all []Capability) []string {
	var out []string
	for _, info := range Roles() {
		if slices.ContainsFunc(all, func(c Capability) bool { return c.Role == info.Role && c.Trained }) {
			out = append(out, info.use)
		}
	}
	if len(out) == 0 {
		out = append(out, string(Embedder))
	}
	return out
}

// Capability returns how the model can have a role; ok is false if it cannot.
func (r *Record) Capability(role Role) (c Capability, ok bool) {
	for _, c := range r.capabilities() {
		if c.Role == role {
			return c, true
		}
	}
	return Capability{}, false
}

// capabilities are Roles, or what the record of an older program says instead.
func (r *Record) capabilities() []Capability {
	if r.Roles != nil {
		return r.Roles
	}
	var all []Capability
	for _, info := range Roles() {
		used := slices.Contains(r.Uses, info.use)
		if info.Role == Embedder {
			// Only sentence-transformers says how to pool.
			all = append(all, Capability{Role: Embedder, Trained: used && r.Pooling != ""})
		} else if used {
			all = append(all, Capability{Role: info.Role, Trained: true})
		}
	}
	return all
}

// BestRole returns the one role that the model was trained for and can be
// chosen for. Ok is false if there is none, or more than one.
func (r *Record) BestRole() (role Role, ok bool) {
	for _, other := range ChosenRoles() {
		if c, can := r.Capability(other); !can || !c.Trained {
			continue
		}
		if ok {
			return "", false
		}
		role, ok = other, true
	}
	return role, ok
}
