package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts ask the program itself what can come next: it prints that when
// the last argument is --generate-bash-completion, as "word" or "word:what it
// is".
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
	candidates=("${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "${(@)command}" --generate-bash-completion 2>/dev/null)}")
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
// known, else the flags that the last word may become.
func (p *program) complete(command *cli.Command) cli.BashCompleteFunc {
	return func(c *cli.Context) {
		// The last argument asks for the completion.
		if n := len(p.args) - 2; n > 0 && isFlag(p.args[n]) {
			if values := choices(strings.TrimLeft(p.args[n], "-")); len(values) > 0 {
				// There is nobody to tell that it cannot be written.
				_, _ = fmt.Fprintln(p.stdout, strings.Join(values, "\n"))
				return
			}
		}
		cli.DefaultCompleteWithFlags(command)(c)
	}
}

func (p *program) completionCommand() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands and flags in a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: `Examples:
   source <(albert-search completion bash)
   source <(albert-search completion zsh)
   albert-search completion fish > ~/.config/fish/completions/albert-search.fish`,
		Flags: flags(),
		Action: func(c *cli.Context) error {
			var script string
			switch shell := c.Args().First(); {
			case c.NArg() != 1:
				return usagef("completion", "name one shell: bash, zsh or fish")
			case shell == "bash":
				script = bashCompletion
			case shell == "zsh":
				script = zshCompletion
			case shell == "fish":
				var err error
				if script, err = c.App.ToFishCompletion(); err != nil {
					return fmt.Errorf("write the fish completion: %w", err)
				}
			default:
				return usagef("completion", "there is no completion for %q: name bash, zsh or fish", shell)
			}
			if _, err := fmt.Fprint(p.stdout, script); err != nil {
				return fmt.Errorf("write the output: %w", err)
			}
			return nil
		},
	}
}
