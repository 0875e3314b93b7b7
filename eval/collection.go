package eval

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
)

// WriteParagraphs writes the paragraphs that kept lets pass as JSONL, one
// record a paragraph whose id is its index, for an engine to index.
func (s *SQuAD) WriteParagraphs(w io.Writer, kept func(paragraph int) bool) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	for i, p := range s.Paragraphs {
		if !kept(i) {
			continue
		}
		record := struct {
			ID   string `json:"id"`
			Text string `json:"text"`
		}{strconv.Itoa(i), p.Text}
		if err := enc.Encode(record); err != nil {
			return err
		}
	}
	return b.Flush()
}

// All keeps every paragraph.
func All(int) bool { return true }

// Half keeps every other paragraph.
func Half(paragraph int) bool { return paragraph%2 == 0 }
