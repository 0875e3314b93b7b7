package modelstore

import (
	"slices"

	"github.com/albert-search/albert-search/albert"
)

// Capability says how a model can have a role.
type Capability struct {
	Role albert.Role `json:"role"`
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
	for _, info := range albert.Roles() {
		if _, ok := info.Head(m); !ok {
			continue
		}
		c := Capability{Role: info.Role, Trained: sentences == (info.Role == albert.RoleEmbedder)}
		if info.Role == albert.RoleClassifier || info.Role == albert.RoleTagger {
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
	for _, info := range albert.Roles() {
		if slices.ContainsFunc(all, func(c Capability) bool { return c.Role == info.Role && c.Trained }) {
			out = append(out, useOf(info.Role))
		}
	}
	if len(out) == 0 {
		out = append(out, string(albert.RoleEmbedder))
	}
	return out
}

// useOf is what Record.Uses calls a role.
func useOf(r albert.Role) string {
	if r == albert.RoleReranker {
		return "relevance"
	}
	return string(r)
}

// Capability returns how the model can have a role; ok is false if it cannot.
func (r *Record) Capability(role albert.Role) (c Capability, ok bool) {
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
	for _, info := range albert.Roles() {
		used := slices.Contains(r.Uses, useOf(info.Role))
		if info.Role == albert.RoleEmbedder {
			// Only sentence-transformers says how to pool.
			all = append(all, Capability{Role: albert.RoleEmbedder, Trained: used && r.Pooling != ""})
		} else if used {
			all = append(all, Capability{Role: info.Role, Trained: true})
		}
	}
	return all
}

// TrainedRoles returns the roles that the model was trained for and can be chosen
// for, without those whose work it does in another of them anyway.
func (r *Record) TrainedRoles() []albert.Role {
	trained := func(role albert.Role) bool {
		c, ok := r.Capability(role)
		return ok && c.Trained
	}
	var all []albert.Role
	for _, role := range albert.ChosenRoles() {
		if info, _ := role.Info(); trained(role) && !trained(info.With) {
			all = append(all, role)
		}
	}
	return all
}

// BestRole returns the one role that the model was trained for and can be
// chosen for. Ok is false if there is none, or more than one.
func (r *Record) BestRole() (role albert.Role, ok bool) {
	if all := r.TrainedRoles(); len(all) == 1 {
		return all[0], true
	}
	return "", false
}
