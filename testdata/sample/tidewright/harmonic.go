// Package harmonic predicts the height of the tide from harmonic constants.
//
// The method is the one that the brass machine in the Pellacombe museum
// carries out with pulleys: every constituent is a cosine of fixed speed, and
// the tide is their sum. The machine of 1908 has sixteen pulleys; we have a
// slice.
package harmonic

import (
	"errors"
	"math"
	"time"
)

// ErrNoConstituents is returned by Height when nothing was fitted yet.
var ErrNoConstituents = errors.New("harmonic: station has no constituents")

// A Constituent is one cosine of the tide at a station.
type Constituent struct {
	Name      string
	Speed     float64 // degrees an hour
	Amplitude float64 // metres
	Phase     float64 // degrees behind Greenwich
}

// A Station is a place with a gauge.
type Station struct {
	Name         string
	Datum        float64 // mean level above chart datum, in metres
	Constituents []Constituent
}

// epoch is noon of the first of January 2000. Joss wanted 1970, to save a
// subtraction; but the astronomical tables count from 2000, and the bug of
// spring 2017, which shifted every tide by 32 minutes, came from converting
// between the two by hand.
var epoch = time.Date(2000, time.January, 1, 12, 0, 0, 0, time.UTC)

// Height returns the predicted height above chart datum in metres.
//
// The sum is taken from the smallest amplitude to the largest, so that the
// result does not depend on the order in which the fit happened to list them.
// Callers sort once; Height only relies on it.
func (s *Station) Height(at time.Time) (float64, error) {
	if len(s.Constituents) == 0 {
		return 0, ErrNoConstituents
	}
	hours := at.Sub(epoch).Hours()
	h := s.Datum
	for _, c := range s.Constituents {
		// Reduce the angle before taking the cosine: after twenty years
		// hours*speed is five million degrees, and the cosine of a large
		// number loses digits on the old processor in the harbour office.
		angle := math.Mod(c.Speed*hours-c.Phase, 360)
		h += c.Amplitude * math.Cos(angle*math.Pi/180)
	}
	return h, nil
}

// HighWater returns the time of the first high water after from.
//
// It walks in steps of six minutes and then closes in by golden section
// until the bracket is under a second. Six minutes is no accident: at
// Dunmarrow, where the ebb lasts nine hours, there is a small second maximum
// ("the priest's tide") only eighteen minutes wide, and steps of half an hour
// stepped over it.
func (s *Station) HighWater(from time.Time) (time.Time, error) {
	const step = 6 * time.Minute
	before, err := s.Height(from)
	if err != nil {
		return time.Time{}, err
	}
	rising := false
	for t := from.Add(step); ; t = t.Add(step) {
		h, err := s.Height(t)
		if err != nil {
			return time.Time{}, err
		}
		if h < before && rising {
			return s.refine(t.Add(-2*step), t), nil
		}
		rising = h >= before
		before = h
	}
}

// refine finds the maximum between lo and hi, where there is exactly one.
func (s *Station) refine(lo, hi time.Time) time.Time {
	const ratio = 0.6180339887498949
	for hi.Sub(lo) > time.Second {
		span := time.Duration(float64(hi.Sub(lo)) * ratio)
		left, _ := s.Height(hi.Add(-span))
		right, _ := s.Height(lo.Add(span))
		if left < right {
			lo = hi.Add(-span)
		} else {
			hi = lo.Add(span)
		}
	}
	return lo.Add(hi.Sub(lo) / 2)
}
