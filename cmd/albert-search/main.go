// Command albert-search turns a folder of documents into a search engine that
// answers questions. See docs/cli.md.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == options.ReadingCommand {
		sandbox.Main(formats.All())
	}
	os.Exit(run())
}

// run is the program; it returns the exit code.
func run() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(cli.ErrInterrupted)
		// The next signal ends the process as if it had never been caught.
		signal.Stop(signals)
		fmt.Fprintln(os.Stderr, "Stopping. What is indexed stays usable; interrupt again to end at once.")
	}()
	// Bleve writes there what is wrong with a damaged index, which reaches the
	// user as an error.
	log.SetOutput(io.Discard)
	return int(program(os.Stdin, os.Stdout, os.Stderr).Run(ctx, os.Args))
}
