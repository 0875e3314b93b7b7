package options

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/charset"
	"github.com/albert-search/albert-search/ingest/extract/formats"
	"github.com/albert-search/albert-search/ingest/sandbox"
)

// ReadingCommand is what this program is started with to read documents for
// itself. It is none of the commands: only its standard input tells it what to
// do.
const ReadingCommand = "read-documents"

// maxLimit is the largest value of a limit: as a number of MiB more than there
// is anywhere.
const maxLimit = 1 << 30

// Limits bound what a document may cost.
type Limits struct{ extract.Limits }

// Flags declares the limits.
func (o *Limits) Flags() []cli.Flag {
	o.Limits = extract.DefaultLimits()
	l, possible := &o.Limits, cli.Between(1, maxLimit)
	limit := func(name, usage string, to cli.Value) cli.Flag {
		return cli.Flag{Name: name, Usage: usage, Group: groupLimits, Setting: cli.Configured, To: to}
	}
	return []cli.Flag{
		limit("max-text", "read at most `MIB` MiB of its text", cli.Units(&l.TextBytes, 1<<20, possible)),
		limit("max-pages", "read at most `N` pages of a PDF", cli.Int(&l.Pages, possible)),
		limit("max-time", "read it for at most `S` seconds", cli.Units(&l.Time, time.Second, possible)),
		limit("max-memory", "its reader may take `MIB` MiB of memory", cli.Units(&l.Memory, 1<<20, possible)),
		limit("max-expanded", "an archive may hold `MIB` MiB when it is decompressed", cli.Units(&l.ExpandedBytes, 1<<20, possible)),
		limit("max-ratio", "a file in an archive may be `N` times as large as it is compressed", cli.Int(&l.Ratio, possible)),
		limit("max-entries", "an archive may hold `N` files", cli.Int(&l.Entries, possible)),
		limit("max-depth", "elements of XML and HTML may be nested `N` deep", cli.Int(&l.Depth, possible)),
	}
}

// Extractor returns what reads documents, by processes of this program.
func Extractor(o extract.Options) *sandbox.Extractor {
	return sandbox.New(formats.All(), sandbox.Options{Extract: o, Command: readingProcess})
}

// Encoding fills a field with the name of a character set, as package charset
// has it.
func Encoding(p *string) cli.Value {
	return cli.Parsed(p, func(label string) (string, error) {
		if label == "" {
			return "", nil
		}
		c, ok := charset.Get(label)
		if !ok {
			return "", errors.New("it is no encoding that is known: write windows-1250, iso-8859-2, koi8-r, ibm852, shift_jis or the like")
		}
		return c.Name, nil
	}, func(name string) string { return name })
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
	return &exec.Cmd{Path: path, Args: []string{os.Args[0], ReadingCommand}, Env: []string{"GOTRACEBACK=none"}}
}
