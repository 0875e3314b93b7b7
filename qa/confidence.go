package qa

import (
	_ "embed"
	"fmt"
	"math"

	"github.com/albert-search/albert-search/internal/calibration"
)

const (
	// maxLead bounds Evidence.Lead: an answer without a rival leads by as much.
	maxLead = 10.0
	// shareTemperature is how far in Score an answer has to be behind another
	// to count for a factor of e less in Evidence.Share. It is high, so that the
	// share says how far an answer stands out from the run of them.
	shareTemperature = 5.0
	// shareAnswers is among how many of the best distinct answers the share is
	// counted. All of them would make it depend on how many passages there are
	// to read.
	shareAnswers = 10
	// minLogShare bounds the logarithm of Evidence.Share: that of 0, of evidence
	// without a share, is -Inf, and 0 times that is not a number.
	minLogShare = -10.0
)

// Evidence is what is known of an answer when its confidence is worked out.
type Evidence struct {
	// Margin is Span - Null of the answer.
	Margin float64
	// Fused is the retrieval score of its passage.
	Fused float64
	// Lead is the answer's Score less that of the best other distinct answer;
	// it is negative for all but the first.
	Lead float64
	// Share is the answer's weight, exp(Score/5), divided by that of the ten best
	// distinct answers together: near 1 if it stands alone, small if many fit
	// about as well, as where each of several similar documents has its own.
	// Lead sees only the next one of them.
	Share float64
	// Support counts the other passages that give the answer.
	Support int
	// Relevance is what the reader holds the answer's window to be: the log of
	// the odds that it answers the question; 0 if the reader does not judge it.
	Relevance float64
}

// features is how many numbers Evidence.Features has.
const features = 6

// relevanceFeature is the index of Relevance among the features.
const relevanceFeature = 4

// Features are what the logistic model of Calibration weighs, in the order of
// Calibration.Weights.
func (e Evidence) Features() [features]float64 {
	return [features]float64{
		e.Margin,
		e.Fused,
		max(-maxLead, min(maxLead, e.Lead)),
		math.Log2(1 + float64(e.Support)),
		e.Relevance,
		max(minLogShare, math.Log(e.Share)),
	}
}

// Calibration belongs to a reader model: it says how its scores are ordered
// across passages and how likely an answer is right. It is fitted by
// "albert-search eval ask --fit" on questions with and without an answer in the
// collection.
type Calibration struct {
	// FusedWeight is the weight of a passage's retrieval score in the Score of
	// its answers, RelevanceWeight that of the relevance of their windows.
	FusedWeight     float64 `json:"fusedWeight"`
	RelevanceWeight float64 `json:"relevanceWeight"`
	// Bias and Weights of the logistic regression of "the answer is right" on
	// Evidence.Features.
	Bias    float64           `json:"bias"`
	Weights [features]float64 `json:"weights"`
	// Threshold is the confidence from which an answer is given.
	Threshold float64 `json:"threshold"`
	// Provenance says with what the figures were fitted.
	Provenance Provenance `json:"provenance"`
}

// NeedsRelevance reports whether the calibration is one for a reader that
// judges relevance.
func (c *Calibration) NeedsRelevance() bool {
	return c.RelevanceWeight != 0 || c.Weights[relevanceFeature] != 0
}

// Provenance is how a Calibration was made.
type Provenance = calibration.Provenance

// Confidence is the probability that an answer with this evidence is right.
func (c *Calibration) Confidence(e Evidence) float64 {
	z := c.Bias
	for i, f := range e.Features() {
		z += c.Weights[i] * f
	}
	return 1 / (1 + math.Exp(-z))
}

// calibrationVersion is that of the JSON form. Version 2 does not know of the
// share and has a weight less; version 1, which a file without one has, does not
// know of the relevance either.
const calibrationVersion = 3

// MarshalJSON writes the newest version.
func (c Calibration) MarshalJSON() ([]byte, error) {
	type plain Calibration // without this method
	return calibration.Marshal(calibrationVersion, plain(c))
}

// UnmarshalJSON reads any version and checks it.
func (c *Calibration) UnmarshalJSON(data []byte) error {
	type plain Calibration
	v := struct {
		Weights []float64 `json:"weights"`
		*plain
	}{plain: new(plain)}
	version, err := calibration.Unmarshal(data, &v)
	if err != nil {
		return err
	}
	version = max(version, 1)
	weights := map[int]int{1: 4, 2: 5, calibrationVersion: features}[version]
	switch {
	case weights == 0:
		return calibration.UnknownVersion(version)
	case len(v.Weights) != weights:
		return fmt.Errorf("%d weights, in version %d there are %d", len(v.Weights), version, weights)
	case !(v.Threshold >= 0 && v.Threshold <= 1):
		return fmt.Errorf("threshold %v is not in 0..1", v.Threshold)
	}
	copy(v.plain.Weights[:], v.Weights)
	*c = Calibration(*v.plain)
	return nil
}

// ParseCalibration reads a Calibration from JSON.
func ParseCalibration(data []byte) (*Calibration, error) {
	return calibration.Parse[Calibration](data)
}

// The calibrations of readers that have none of their own, the second that of
// those that judge relevance.
var (
	//go:embed calibration.json
	plainCalibration []byte
	//go:embed calibration-relevance.json
	relevanceCalibration []byte
)

// defaultCalibration is that of a reader without a calibration of its own.
func defaultCalibration(relevance bool) *Calibration {
	if relevance {
		return calibration.Builtin[Calibration](relevanceCalibration)
	}
	return calibration.Builtin[Calibration](plainCalibration)
}
