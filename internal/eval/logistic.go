package eval

import (
	"errors"
	"math"
	"slices"

	"github.com/albert-search/albert-search/qa"
)

// Example is one answer with what was known of it and whether it was right.
type Example struct {
	qa.Evidence
	Right bool
}

// ridge keeps the weights finite when a feature separates the examples.
const ridge = 1e-3

// fitConfidence fits bias and weights of a qa.Calibration by logistic
// regression. More of any feature is evidence for an answer, so no weight is
// negative: a feature that would get a negative one is left out. It needs
// right and wrong examples.
func fitConfidence(examples []Example) (bias float64, weights []float64, err error) {
	x, right := make([][]float64, len(examples)), make([]bool, len(examples))
	for i, e := range examples {
		f := e.Features()
		x[i], right[i] = f[:], e.Right
	}
	if !slices.Contains(right, true) || !slices.Contains(right, false) {
		return 0, nil, errors.New("fitting the confidence needs right and wrong answers")
	}
	// A feature that is 0 everywhere, as the relevance of a reader without it,
	// keeps the weight 0 by the ridge.
	out := make([]bool, len(x[0]))
	for {
		w, err := newton(x, right, out)
		if err != nil {
			return 0, nil, err
		}
		weights, bias = w[:len(w)-1], w[len(w)-1]
		least := 0
		for i := range weights {
			if weights[i] < weights[least] {
				least = i
			}
		}
		if weights[least] >= 0 {
			return bias, weights, nil
		}
		out[least] = true
	}
}

// newton minimises the mean log-loss of x, a row an example, plus ridge/2 times
// the sum of the squared weights, without the features in out. The bias is the
// last of the result.
func newton(x [][]float64, right, out []bool) (w []float64, err error) {
	features := len(x[0])
	d, n := features+1, float64(len(x))
	w = make([]float64, d)
	row := make([]float64, d)
	for range 100 {
		grad := make([]float64, d)
		hess := make([][]float64, d)
		for i := range hess {
			hess[i] = make([]float64, d)
		}
		for k, f := range x {
			row[features] = 1
			z := w[features]
			for i := range features {
				row[i] = 0
				if !out[i] {
					row[i] = f[i]
				}
				z += w[i] * row[i]
			}
			p := 1 / (1 + math.Exp(-z))
			for i := range d {
				grad[i] += (p - float64(count(right[k]))) * row[i] / n
				for j := range d {
					hess[i][j] += p * (1 - p) * row[i] * row[j] / n
				}
			}
		}
		for i := range features {
			grad[i] += ridge * w[i]
			hess[i][i] += ridge
		}
		step, ok := solve(hess, grad)
		if !ok {
			return nil, errors.New("fitting the confidence: the examples do not determine it")
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
// a is singular. It writes to a and b.
func solve(a [][]float64, b []float64) (x []float64, ok bool) {
	n := len(b)
	for c := range n {
		pivot := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[pivot][c]) {
				pivot = r
			}
		}
		if math.Abs(a[pivot][c]) < 1e-12 {
			return nil, false
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
	x = make([]float64, n)
	for r := n - 1; r >= 0; r-- {
		x[r] = b[r]
		for k := r + 1; k < n; k++ {
			x[r] -= a[r][k] * x[k]
		}
		x[r] /= a[r][r]
	}
	return x, true
}
