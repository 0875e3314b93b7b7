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

	"github.com/albert-search/albert-search/albert/ort"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == readingCommand {
		sandbox.Main(formats.All())
	}
	os.Exit(run())
}

// ignoreEmptyVariables makes an environment variable that is set to nothing one
// that is not set, so that it cannot be taken for an empty flag.
func ignoreEmptyVariables() {
	for _, name := range []string{indexVariable, threadsVariable, modelsVariable, endpointVariable, ort.PathVariable} {
		if os.Getenv(name) == "" {
			_ = os.Unsetenv(name) // fails for names with '=' only
		}
	}
}

// run is the program; it returns the exit code.
func run() int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel(interrupted{})
		// The next signal ends the process as if it had never been caught.
		signal.Stop(signals)
		fmt.Fprintln(os.Stderr, "Stopping. What is indexed stays usable; interrupt again to end at once.")
	}()
	ignoreEmptyVariables()
	// Bleve writes there what is wrong with a damaged index, which reaches the
	// user as an error.
	log.SetOutput(io.Discard)
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	return p.run(ctx, os.Args)
}
