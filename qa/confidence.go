package qa

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
)

// maxLead bounds Evidence.Lead: an answer without a rival leads by as much.
const maxLead = 10.0

// Evidence is what is known of an answer when its confidence is worked out.
type Evidence struct {
	// Margin is Span - Null of the answer.
	Margin float64
	// Fused is the retrieval score of its passage.
	Fused float64
	// Lead is the answer's Score less that of the best other distinct answer;
	// it is negative for all but the first.
	Lead float64
	// Support counts the other passages that give the answer.
	Support int
}

// Features are what the logistic model of Calibration weighs, in the order of
// Calibration.Weights.
func (e Evidence) Features() [4]float64 {
	return [4]float64{
		e.Margin,
		e.Fused,
		max(-maxLead, min(maxLead, e.Lead)),
		math.Log2(1 + float64(e.Support)),
	}
}

// Calibration belongs to a reader model: it says how its scores are ordered
// across passages and how likely an answer is right. It is fitted by
// "albert-search eval ask --fit" on questions with and without an answer in the
// collection.
type Calibration struct {
	// FusedWeight is the weight of a passage's retrieval score in the Score of
	// its answers.
	FusedWeight float64 `json:"fusedWeight"`
	// Bias and Weights of the logistic regression of "the answer is right" on
	// Evidence.Features.
	Bias    float64    `json:"bias"`
	Weights [4]float64 `json:"weights"`
	// Threshold is the confidence from which an answer is given.
	Threshold float64 `json:"threshold"`
	// Provenance says with what the figures were fitted.
	Provenance Provenance `json:"provenance"`
}

// Provenance is how a Calibration was made.
type Provenance struct {
	Reader    string   `json:"reader"`
	Data      []string `json:"data"`
	Questions int      `json:"questions"`
	Command   string   `json:"command"`
}

// Confidence is the probability that an answer with this evidence is right.
func (c *Calibration) Confidence(e Evidence) float64 {
	z := c.Bias
	for i, f := range e.Features() {
		z += c.Weights[i] * f
	}
	return 1 / (1 + math.Exp(-z))
}

// ParseCalibration reads a Calibration from JSON.
func ParseCalibration(data []byte) (*Calibration, error) {
	var c Calibration
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("reading a calibration: %w", err)
	}
	if c.Threshold < 0 || c.Threshold > 1 {
		return nil, fmt.Errorf("reading a calibration: threshold %v is not in 0..1", c.Threshold)
	}
	return &c, nil
}

//go:embed calibration.json
var calibrationJSON []byte

// BuiltinCalibration is that of the built-in reader.
func BuiltinCalibration() *Calibration {
	c, err := ParseCalibration(calibrationJSON)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return c
}
