package main

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// TestRemarksStandWhereTheyBelong prints to one stream, as a terminal shows it.
func TestRemarksStandWhereTheyBelong(t *testing.T) {
	for _, c := range []struct {
		quiet bool
		want  string
	}{{false, "first\nremark\nlast\nend\n"}, {true, "first\nlast\n"}} {
		var screen bytes.Buffer
		p := printer{stdout: &screen, stderr: &screen, quiet: c.quiet}
		if err := p.print(func(w io.Writer) {
			fmt.Fprintln(w, "first")
			p.remark("remark")
			fmt.Fprintln(w, "last")
		}); err != nil {
			t.Fatal(err)
		}
		p.remark("end")
		if screen.String() != c.want {
			t.Errorf("quiet: %t: %q, want %q", c.quiet, screen.String(), c.want)
		}
	}
}
