// Package modelcmd has the commands about models that users bring: model import,
// pull, list, info, use, verify, remove and quantize.
package modelcmd

import (
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
)

// Command is the group of commands about models.
func Command() *cli.Command {
	return &cli.Command{
		Name:        "model",
		Usage:       "bring other models: any ALBERT or BERT in the layout of Hugging Face",
		Args:        "COMMAND",
		Description: `The models are kept in the user's data folder; ` + options.ModelsVariable + ` names another.`,
		Examples: []string{
			`albert-search model import ~/models/my-albert --name mine`,
			`albert-search model pull twmkn9/albert-base-v2-squad2`,
			`albert-search model use albert-base-v2-squad2`,
			`albert-search model use --embedder builtin`,
			`albert-search model list`,
		},
		Commands: []*cli.Command{
			importCommand(), pullCommand(), listCommand(), infoCommand(),
			useCommand(), verifyCommand(), removeCommand(), quantizeCommand(),
		},
	}
}

// session is one run of a command about models.
type session struct {
	*cli.Call
	store *modelstore.Store
}

func open(c *cli.Call) (*session, error) {
	store, err := options.ModelStore()
	return &session{c, store}, err
}

// openNamed begins a command that takes the name of one model.
func openNamed(c *cli.Call) (*session, string, error) {
	s, err := open(c)
	if err == nil && len(c.Args) != 1 {
		err = c.Usagef("name one model; albert-search model list lists them")
	}
	if err != nil {
		return nil, "", err
	}
	return s, c.Args[0], nil
}
