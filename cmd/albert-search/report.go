package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	albertsearch "github.com/albert-search/albert-search"
)

// reportFile is the file of --report. The first error of writing to it is kept
// for close, as indexing goes on.
type reportFile struct {
	file   *os.File // nil when no report is wanted
	buffer *bufio.Writer
	lines  *json.Encoder
	err    error
}

func newReport(name string) (*reportFile, error) {
	if name == "" {
		return &reportFile{}, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("make the report: %w", err)
	}
	r := &reportFile{file: f, buffer: bufio.NewWriter(f)}
	r.lines = json.NewEncoder(r.buffer)
	r.lines.SetEscapeHTML(false)
	return r, nil
}

// add writes a line.
func (r *reportFile) add(f albertsearch.FileReport) {
	if r.file != nil && r.err == nil {
		r.err = r.lines.Encode(f)
	}
}

func (r *reportFile) close() error {
	if r.file == nil {
		return nil
	}
	if err := errors.Join(r.err, r.buffer.Flush(), r.file.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
