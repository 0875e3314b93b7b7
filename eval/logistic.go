package eval

import (
	"errors"
	"math"

	"github.com/albert-search/albert-search/qa"
)

// Example is one answer with what was known of it and whether it was right.
type Example struct {
	qa.Evidence
	Right bool
}

const (
	features = len(qa.Calibration{}.Weights)
	// ridge keeps the weights finite when a feature separates the examples.
	ridge = 1e-3
)

// FitConfidence fits bias and weights of a qa.Calibration by logistic
// regression. More of any feature is evidence for an answer, so no weight is
// negative: a feature that would get a negative one is left out. It needs
// right and wrong examples.
func FitConfidence(examples []Example) (bias float64, weights [features]float64, err error) {
	right := 0
	for _, e := range examples {
		right += count(e.Right)
	}
	if right == 0 || right == len(examples) {
		return 0, weights, errors.New("fitting the confidence needs right and wrong answers")
	}
	var out [features]bool
	for {
		w, err := newton(examples, out)
		if err != nil {
			return 0, weights, err
		}
		copy(weights[:], w[:features])
		least := 0
		for i := range weights {
			if weights[i] < weights[least] {
				least = i
			}
		}
		if weights[least] >= 0 {
			return w[features], weights, nil
		}
		out[least] = true
	}
}

// newton minimises the mean log-loss plus ridge/2 times the sum of the squared
// weights, without the features in out. The bias is the last of the result.
func newton(examples []Example, out [features]bool) (w [features + 1]float64, err error) {
	const d = features + 1
	n := float64(len(examples))
	for range 100 {
		var grad [d]float64
		var hess [d][d]float64
		for _, e := range examples {
			x := [d]float64{features: 1}
			for i, f := range e.Features() {
				if !out[i] {
					x[i] = f
				}
			}
			var z float64
			for i := range d {
				z += w[i] * x[i]
			}
			p := 1 / (1 + math.Exp(-z))
			for i := range d {
				grad[i] += (p - float64(count(e.Right))) * x[i] / n
				for j := range d {
					hess[i][j] += p * (1 - p) * x[i] * x[j] / n
				}
			}
		}
		for i := range features {
			grad[i] += ridge * w[i]
			hess[i][i] += ridge
		}
		step, ok := solve(hess, grad)
		if !ok {
			return w, errors.New("fitting the confidence: the examples do not determine it")
		}
		var size float64
		for i := range d {
			// A bounded step: far from the optimum Newton's may overshoot.
			s := max(-1, min(1, step[i]))
			w[i] -= s
			size = max(size, math.Abs(s))
		}
		if size < 1e-9 {
			break
		}
	}
	return w, nil
}

// solve returns x with a·x = b by Gaussian elimination with pivoting; false if
// a is singular.
func solve(a [features + 1][features + 1]float64, b [features + 1]float64) (x [features + 1]float64, ok bool) {
	n := len(b)
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[pivot][c]) {
				pivot = r
			}
		}
		if math.Abs(a[pivot][c]) < 1e-12 {
			return x, false
		}
		a[c], a[pivot] = a[pivot], a[c]
		b[c], b[pivot] = b[pivot], b[c]
		for r := c + 1; r < n; r++ {
			f := a[r][c] / a[c][c]
			for k := c; k < n; k++ {
				a[r][k] -= f * a[c][k]
			}
			b[r] -= f * b[c]
		}
	}
	for r := n - 1; r >= 0; r-- {
		x[r] = b[r]
		for k := r + 1; k < n; k++ {
			x[r] -= a[r][k] * x[k]
		}
		x[r] /= a[r][r]
	}
	return x, true
}
