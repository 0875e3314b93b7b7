package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
)

// reportFile is what --report writes to. The first error of writing to it is kept
// for close, as indexing goes on.
type reportFile struct {
	file   io.Closer
	buffer *bufio.Writer
	lines  *json.Encoder // nil when no report is wanted
	err    error
}

// newReport opens the file; "-" is standard output, which cannot have other JSON
// at the same time.
func newReport(c *cli.Call, name string) (*reportFile, error) {
	var r *reportFile
	switch {
	case name == "":
		return &reportFile{}, nil
	case name == "-" && c.JSON:
		return nil, c.Usagef("--report - and --json: standard output can have one of them only")
	case name == "-":
		r = &reportFile{file: io.NopCloser(nil), buffer: bufio.NewWriter(c.Stdout)}
	default:
		f, err := os.Create(name)
		if err != nil {
			return nil, fmt.Errorf("make the report: %w", err)
		}
		r = &reportFile{file: f, buffer: bufio.NewWriter(f)}
	}
	r.lines = json.NewEncoder(r.buffer)
	r.lines.SetEscapeHTML(false)
	return r, nil
}

// add writes a line.
func (r *reportFile) add(f albertsearch.FileReport) {
	if r.lines != nil && r.err == nil {
		r.err = r.lines.Encode(f)
	}
}

func (r *reportFile) close() error {
	if r.lines == nil {
		return nil
	}
	if err := errors.Join(r.err, r.buffer.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
