package main

import (
	"cmp"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
)

// readingCommand is what this program is started with to read documents for
// itself. It is none of the commands: only its standard input tells it what to
// do.
const readingCommand = "read-documents"

// maxLimit is the largest value of a limit: as a number of MiB more than there
// is anywhere.
const maxLimit = 1 << 30

// limitFlags bound what a document may cost.
func limitFlags() []cli.Flag {
	d := extract.DefaultLimits()
	limit := func(name string, value int64, usage string) cli.Flag {
		return &cli.IntFlag{Name: name, Value: int(value), Usage: usage, Category: "LIMITS ON A DOCUMENT"}
	}
	return []cli.Flag{
		limit("max-text", d.TextBytes>>20, "read at most `MIB` MiB of its text"),
		limit("max-pages", int64(d.Pages), "read at most `N` pages of a PDF"),
		limit("max-time", int64(d.Time/time.Second), "read it for at most `S` seconds"),
		limit("max-memory", d.Memory>>20, "its reader may take `MIB` MiB of memory"),
		limit("max-expanded", d.ExpandedBytes>>20, "an archive may hold `MIB` MiB when it is decompressed"),
		limit("max-ratio", d.Ratio, "a file in an archive may be `N` times as large as it is compressed"),
		limit("max-entries", int64(d.Entries), "an archive may hold `N` files"),
		limit("max-depth", int64(d.Depth), "elements of XML and HTML may be nested `N` deep"),
	}
}

// newExtractor returns what reads documents, by processes of this program.
func newExtractor(c *cli.Context) *sandbox.Extractor {
	mib := func(name string) int64 { return int64(c.Int(name)) << 20 }
	return sandbox.New(formats.All(), sandbox.Options{
		Extract: extract.Options{Limits: extract.Limits{
			TextBytes:     mib("max-text"),
			Pages:         c.Int("max-pages"),
			Time:          time.Duration(c.Int("max-time")) * time.Second,
			Memory:        mib("max-memory"),
			ExpandedBytes: mib("max-expanded"),
			Ratio:         int64(c.Int("max-ratio")),
			Entries:       c.Int("max-entries"),
			Depth:         c.Int("max-depth"),
		}},
		Command: readingProcess,
	})
}

// readingProcess is a process of this program that reads documents. It needs
// nothing of the environment.
func readingProcess() *exec.Cmd {
	path := "/proc/self/exe" // also when the file has been replaced since
	if runtime.GOOS != "linux" {
		executable, err := os.Executable()
		if err != nil {
			executable = ""
		}
		path = cmp.Or(executable, os.Args[0])
	}
	return &exec.Cmd{Path: path, Args: []string{os.Args[0], readingCommand}, Env: []string{"GOTRACEBACK=none"}}
}
