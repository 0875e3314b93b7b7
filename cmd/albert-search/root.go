package main

import (
	"io"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli/hint"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/evalcmd"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/modelcmd"
)

// program is the program with all its commands.
func program(stdin io.Reader, stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:      "albert-search",
		Usage:     "search a folder of documents, and ask it questions",
		UsageText: "albert-search COMMAND [FLAGS] [ARGUMENTS]   (flags may follow arguments)",
		Description: "Reads documents into an index on this machine, finds passages by their words and by\n" +
			"their meaning, and answers questions with the words of the documents. Offline.",
		Version: version().String(),
		Stdin:   stdin, Stdout: stdout, Stderr: stderr,
		Explain: hint.Explain,
	}
	app.Commands = []*cli.Command{
		indexCommand(), searchCommand(), askCommand(), showCommand(), statusCommand(), checkCommand(), removeCommand(), modelcmd.Command(),
		evalcmd.Command(), setupCommand(), doctorCommand(), versionCommand(), completionCommand(app),
	}
	return app
}
