package calibration_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/calibration"
)

// model is a calibration of version 2; one without a version has other units.
type model struct {
	Slope      float64                `json:"slope"`
	Provenance calibration.Provenance `json:"provenance"`
}

func (m model) MarshalJSON() ([]byte, error) {
	type plain model
	return calibration.Marshal(2, plain(m))
}

func (m *model) UnmarshalJSON(text []byte) error {
	type plain model
	version, err := calibration.Unmarshal(text, (*plain)(m))
	switch {
	case err != nil:
		return err
	case version == 0:
		m.Slope /= 10
	case version != 2:
		return calibration.UnknownVersion(version)
	}
	if m.Slope < 0 {
		return errors.New("the slope is negative")
	}
	return nil
}

func TestRoundTrip(t *testing.T) {
	before := model{3, calibration.Provenance{Reader: "r", Questions: 5}}
	text, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), `{"version":2,"slope":3,`) {
		t.Errorf("it is written as %s", text)
	}
	after, err := calibration.Parse[model](text)
	if err != nil || after.Slope != 3 || after.Provenance.Questions != 5 {
		t.Errorf("read again: %+v, %v", after, err)
	}
	old, err := calibration.Parse[model]([]byte(`{"slope": 30}`))
	if err != nil || old.Slope != 3 {
		t.Errorf("without a version: %+v, %v", old, err)
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"version": 3}`:              "version 3 is not known",
		`{"version": 0}`:              "version 0",
		`{"version": "2"}`:            "version",
		`{"version": 2, "slope": -1}`: "the slope is negative",
		`[]`:                          "reading a calibration",
		``:                            "reading a calibration",
	} {
		if _, err := calibration.Parse[model]([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := calibration.Marshal(1, []int{1}); err == nil {
		t.Error("a list was written")
	}
	if text, err := calibration.Marshal(1, struct{}{}); err != nil || string(text) != `{"version":1}` {
		t.Errorf("nothing but the version: %s, %v", text, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a broken part of the program was not noticed")
		}
	}()
	calibration.Builtin[model]([]byte(`{"version": 3}`))
}
