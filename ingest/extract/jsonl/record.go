package jsonl

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/plain"
)

// record is a line of a JSONL file.
type record struct {
	id, title, text, path string
	metadata              map[string]string
	modified              time.Time
}

// maxRecordID is the length in bytes of the longest id that is taken for one,
// about that of the longest path.
const maxRecordID = 4096

func isBlank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// parseRecord reads a line. Its errors say what is wrong with the line.
func parseRecord(line []byte) (record, error) {
	var in struct {
		ID       json.RawMessage            `json:"id"`
		OtherID  json.RawMessage            `json:"_id"`
		Title    string                     `json:"title"`
		Text     *string                    `json:"text"`
		Path     string                     `json:"path"`
		URL      string                     `json:"url"`
		Date     string                     `json:"date"`
		Metadata map[string]json.RawMessage `json:"metadata"`
	}
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	if err := json.Unmarshal(line, &in); err != nil {
		return record{}, recordError(err)
	}
	if in.Text == nil {
		return record{}, errors.New(`has no "text"`)
	}
	r := record{title: in.Title, text: *in.Text, path: in.Path, metadata: map[string]string{}}
	for k, v := range in.Metadata {
		r.metadata[k] = plainValue(v)
	}
	if in.URL != "" {
		r.metadata["url"] = in.URL
	}
	if in.Date != "" {
		var err error
		if r.modified, err = parseDate(in.Date); err != nil {
			return record{}, err
		}
	}
	for _, raw := range []json.RawMessage{in.ID, in.OtherID} {
		if r.id != "" || len(raw) == 0 {
			continue
		}
		if raw[0] == '{' || raw[0] == '[' {
			return record{}, errors.New("its id is neither a text nor a number")
		}
		r.id = plainValue(raw)
	}
	if len(r.id) > maxRecordID {
		return record{}, fmt.Errorf("its id is longer than %d bytes", maxRecordID)
	}
	if r.id == "" {
		sum := sha256.Sum256([]byte(r.title + "\x00" + r.text))
		r.id = "sha256-" + hex.EncodeToString(sum[:8])
	}
	return r, nil
}

// plainValue returns a value of JSON as text: strings without their quotes,
// null as nothing, lists and objects as they are written.
func plainValue(raw json.RawMessage) string {
	var s *string
	if json.Unmarshal(raw, &s) == nil {
		if s == nil {
			return ""
		}
		return *s
	}
	return strings.ToValidUTF8(string(raw), "\ufffd")
}

func parseDate(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly, time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errors.New("its date is neither a day (2006-01-02) nor a time (RFC 3339)")
}

// recordError says in the file's terms what json found.
func recordError(err error) error {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if t.Field == "" {
			return fmt.Errorf("is not a JSON object but a JSON %s", t.Value)
		}
		return fmt.Errorf("its %s is a JSON %s", t.Field, t.Value)
	}
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("is not JSON from its byte %d on", s.Offset) // its own words quote the line
	}
	return errors.New("is not JSON")
}

// extracted is the record as a document.
func (r record) extracted() *extract.Text {
	t := plain.New(strings.ToValidUTF8(r.text, string(utf8.RuneError)))
	t.Title, t.Metadata = r.title, r.metadata
	return t
}
