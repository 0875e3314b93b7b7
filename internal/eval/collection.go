package eval

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// WriteParagraphs writes the paragraphs that kept lets pass, and after them the
// distractors, as JSONL for an engine to index: one record a paragraph whose id
// is its index, one a distractor with another kind of id.
func (s *SQuAD) WriteParagraphs(w io.Writer, kept func(paragraph int) bool, distractors []string) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	write := func(id, text string) error {
		return enc.Encode(struct {
			ID   string `json:"id"`
			Text string `json:"text"`
		}{id, text})
	}
	for i, p := range s.Paragraphs {
		if kept(i) {
			if err := write(strconv.Itoa(i), p.Text); err != nil {
				return err
			}
		}
	}
	for i, text := range distractors {
		if err := write("distractor "+strconv.Itoa(i), text); err != nil {
			return err
		}
	}
	return b.Flush()
}

// DecodeDistractors reads at most limit paragraphs, one a line: a JSON object
// with a "text", or the text itself. A limit of 0 is none.
func DecodeDistractors(r io.Reader, limit int) ([]string, error) {
	var out []string
	err := eachLine(r, func(line string) error {
		if limit > 0 && len(out) == limit {
			return errEnough
		}
		if strings.HasPrefix(strings.TrimSpace(line), "{") {
			var record struct{ Text string }
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				return err
			}
			if record.Text == "" {
				return errors.New(`no "text"`)
			}
			line = record.Text
		}
		out = append(out, line)
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return out, err
}

// errEnough ends the reading of lines.
var errEnough = errors.New("enough")

// All keeps every paragraph.
func All(int) bool { return true }

// Half keeps every other paragraph.
func Half(paragraph int) bool { return paragraph%2 == 0 }
