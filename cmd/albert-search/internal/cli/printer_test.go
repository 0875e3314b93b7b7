package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// TestRemarksStandWhereTheyBelong prints to one stream, as a terminal shows it.
func TestRemarksStandWhereTheyBelong(t *testing.T) {
	for _, c := range []struct {
		quiet bool
		want  string
	}{{false, "first\nremark\nlast\nend\n"}, {true, "first\nlast\n"}} {
		var screen bytes.Buffer
		p := cli.Printer{Stdout: &screen, Stderr: &screen, Quiet: c.quiet}
		if err := p.Print(func(w io.Writer) {
			fmt.Fprintln(w, "first")
			p.Remark("remark")
			fmt.Fprintln(w, "last")
		}); err != nil {
			t.Fatal(err)
		}
		p.Remark("end")
		if screen.String() != c.want {
			t.Errorf("quiet: %t: %q, want %q", c.quiet, screen.String(), c.want)
		}
	}
}
