package rerank

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"math"
	"slices"

	"github.com/albert-search/albert-search/internal/calibration"
)

// CrossEncoder judges texts by reading each together with the query.
type CrossEncoder interface {
	// Relevance returns for each text the log of the odds that it fits the
	// query; negative infinity for one that cannot be read.
	Relevance(ctx context.Context, query string, texts []string) ([]float64, error)
}

// Calibration says how the relevance that a CrossEncoder gives is weighed
// against the fused score of the retrievers. It belongs to the model.
type Calibration struct {
	// Weight is the share of the relevance in the final score, 0..1.
	Weight float64 `json:"weight"`
	// Slope and Shift make a probability of a relevance: that with the
	// log-odds Slope × relevance + Shift. A small slope keeps differences
	// between what is surely relevant, or surely not.
	Slope float64 `json:"slope"`
	Shift float64 `json:"shift"`
	// Provenance says with what the figures were fitted.
	Provenance Provenance `json:"provenance"`
}

// Provenance is how a Calibration was made.
type Provenance = calibration.Provenance

// Probability is what the calibration makes of a relevance: 0..1.
func (c Calibration) Probability(relevance float64) float64 {
	if math.IsInf(relevance, -1) {
		return 0
	}
	return 1 / (1 + math.Exp(-(c.Slope*relevance + c.Shift)))
}

// Score is the final score of a candidate, 0..1: the interpolation of its fused
// score and the probability of its relevance.
func (c Calibration) Score(fused, relevance float64) float64 {
	return (1-c.Weight)*fused + c.Weight*c.Probability(relevance)
}

// calibrationVersion is that of the JSON form.
const calibrationVersion = 1

// MarshalJSON writes the newest version.
func (c Calibration) MarshalJSON() ([]byte, error) {
	type plain Calibration // without this method
	return calibration.Marshal(calibrationVersion, plain(c))
}

// UnmarshalJSON reads a calibration and checks it.
func (c *Calibration) UnmarshalJSON(data []byte) error {
	type plain Calibration
	var v plain
	version, err := calibration.Unmarshal(data, &v)
	switch {
	case err != nil:
		return err
	case version != calibrationVersion:
		return calibration.UnknownVersion(version)
	case !(v.Weight >= 0 && v.Weight <= 1):
		return fmt.Errorf("weight %v is not in 0..1", v.Weight)
	case !(v.Slope > 0):
		return fmt.Errorf("slope %v is not positive: more relevance must mean more", v.Slope)
	}
	*c = Calibration(v)
	return nil
}

// ParseCalibration reads a Calibration from JSON.
func ParseCalibration(data []byte) (*Calibration, error) {
	return calibration.Parse[Calibration](data)
}

//go:embed calibration.json
var calibrationJSON []byte

// BuiltinCalibration is that of the built-in reader.
func BuiltinCalibration() *Calibration { return calibration.Builtin[Calibration](calibrationJSON) }

// Reranked is a hit in its new order.
type Reranked struct {
	// From is its index in the order before.
	From int
	// Score is the final score.
	Score float64
	// Relevance is that of the hit if it was Read.
	Relevance float64
	Read      bool
}

// Rerank orders hits, given by their fused scores in descending order and the
// relevance of the first ones. Hits without a relevance keep their order after
// those with one and score as irrelevant. Ties keep their order.
func (c Calibration) Rerank(fused, relevance []float64) []Reranked {
	out := make([]Reranked, len(fused))
	for i, score := range fused {
		out[i] = Reranked{From: i, Score: c.Score(score, math.Inf(-1))}
		if i < len(relevance) {
			out[i].Score = c.Score(score, relevance[i])
			out[i].Relevance, out[i].Read = relevance[i], true
		}
	}
	slices.SortStableFunc(out[:min(len(relevance), len(out))], func(a, b Reranked) int { return cmp.Compare(b.Score, a.Score) })
	return out
}
