package cli

import (
	"fmt"
	"slices"
	"strings"
)

// completionFlag asks, as the last argument, what can come next.
const completionFlag = "--generate-bash-completion"

// The scripts ask the program itself what can come next: it prints a word to a
// line.
const (
	bashCompletion = `# bash completion for albert-search
_albert_search() {
	local current=${COMP_WORDS[COMP_CWORD]} words=("${COMP_WORDS[@]:0:COMP_CWORD}")
	[[ $current == -* ]] && words+=("$current")
	COMPREPLY=()
	local candidate
	while IFS= read -r candidate; do
		[[ $candidate == "$current"* ]] && COMPREPLY+=("$candidate")
	done < <("${words[@]}" --generate-bash-completion 2>/dev/null)
}
complete -o bashdefault -o default -F _albert_search albert-search
`
	zshCompletion = `#compdef albert-search
# zsh completion for albert-search
_albert_search() {
	local current=${words[CURRENT]}
	local -a command candidates
	command=("${(@)words[1,CURRENT-1]}")
	[[ $current == -* ]] && command+=("$current")
	candidates=("${(@f)$("${(@)command}" --generate-bash-completion 2>/dev/null)}")
	if [[ -n ${candidates[1]} ]]; then
		_describe 'albert-search' candidates
	else
		_files
	fi
}
compdef _albert_search albert-search
`
)

// complete prints the values of the flag that is the last word, if those are
// known, else the flags that the last word may become, or the commands.
func (r *run) complete(flags []*parsed, commands []*command) {
	// The last argument asks for the completion.
	last := ""
	if n := len(r.args) - 2; n > 0 {
		last = r.args[n]
	}
	var words []string
	if f := find(flags, bare(last)); f != nil && isFlag(last) && f.To.choices != nil {
		words = f.To.choices
	} else if strings.HasPrefix(last, "-") {
		words = r.flagsLike(last, flags)
	} else {
		for _, c := range commands {
			words = append(words, c.decl.Name)
		}
	}
	for _, word := range words {
		// There is nobody to tell that it cannot be written.
		_, _ = fmt.Fprintln(r.Stdout, word)
	}
}

// flagsLike are the flags that begin as the word does and have not been typed
// yet, unless they are repeatable.
func (r *run) flagsLike(word string, flags []*parsed) []string {
	names := []string{"--help", "-h"}
	for _, f := range flags {
		if f.To.list || !slices.Contains(r.args, "--"+f.Name) {
			names = append(names, "--"+f.Name)
		}
		if f.Short != "" {
			names = append(names, "-"+f.Short)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return !strings.HasPrefix(name, word) || name == word
	})
}

// Completion returns the script that completes commands and flags in a shell;
// "" for a shell that there is no script for.
func (a *App) Completion(shell string) (string, error) {
	switch shell {
	case "bash":
		return bashCompletion, nil
	case "zsh":
		return zshCompletion, nil
	case "fish":
		script, err := a.fish()
		if err != nil {
			return "", fmt.Errorf("write the fish completion: %w", err)
		}
		return script, nil
	}
	return "", nil
}
