// Package calibration reads and writes the figures that were fitted for a
// model: a JSON object with its version first, and with how the figures came
// about.
package calibration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Provenance is how a calibration was made.
type Provenance struct {
	Reader    string   `json:"reader"`
	Data      []string `json:"data"`
	Questions int      `json:"questions"`
	Command   string   `json:"command"`
}

// Marshal writes v, which must become a JSON object, with the version as its
// first field.
func Marshal(version int, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	fields, ok := bytes.CutPrefix(text, []byte("{"))
	if !ok {
		return nil, fmt.Errorf("a calibration is an object, not %.20s", text)
	}
	out := fmt.Appendf(nil, `{"version":%d`, version)
	if !bytes.Equal(fields, []byte("}")) {
		out = append(out, ',')
	}
	return append(out, fields...), nil
}

// Unmarshal reads into v what Marshal has written, and returns the version: 0 if
// the text has none.
func Unmarshal(text []byte, v any) (version int, err error) {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(text, &head); err != nil {
		return 0, err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return 0, err
	}
	if head.Version == nil {
		return 0, nil
	}
	if *head.Version == 0 {
		return 0, errors.New("version 0 is none")
	}
	return *head.Version, nil
}

// UnknownVersion is the error of a calibration of a version that the program
// does not know.
func UnknownVersion(version int) error {
	return fmt.Errorf("version %d is not known to this version of the program", version)
}

// Parse reads a calibration from JSON.
func Parse[T any](text []byte) (*T, error) {
	c := new(T)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("reading a calibration: %w", err)
	}
	return c, nil
}

// Builtin is Parse for a text that is part of the program.
func Builtin[T any](text []byte) *T {
	c, err := Parse[T](text)
	if err != nil {
		panic(err)
	}
	return c
}
