package avx512

import "fmt"

// multiple panics unless n is positive and a multiple of of.
func multiple(function, what string, n, of int) {
	if n <= 0 || n%of != 0 {
		panic(fmt.Sprintf("avx512: %s: %s is %d, want a positive multiple of %d", function, what, n, of))
	}
}

// length panics unless a slice is as long as it should be.
func length(function, what string, n, want int) {
	if n != want {
		panic(fmt.Sprintf("avx512: %s: %s: %d numbers, want %d", function, what, n, want))
	}
}

// rows returns how many rows x has, and panics unless Apply can be run on them.
func (l *Linear) rows(x, out []float32) int {
	const f = "Apply"
	multiple(f, "In", l.In, Lanes)
	multiple(f, "Out", l.Out, Outputs)
	length(f, "packed weights", len(l.packed), l.In*l.Out)
	length(f, "offsets", len(l.offsets), l.Out)
	length(f, "zeros", len(l.zeros), l.Out)
	length(f, "Scale", len(l.Scale), l.Out)
	length(f, "Bias", len(l.Bias), l.Out)
	if l.InputScale != nil {
		length(f, "InputScale", len(l.InputScale), l.In)
	}
	rows := len(x) / l.In
	length(f, "x", len(x), rows*l.In)
	length(f, "out", len(out), rows*l.Out)
	return rows
}

func productRows(a, b, bias, out []float32, k, n int) int {
	const f = "Product"
	multiple(f, "k", k, 1)
	multiple(f, "n", n, Lanes)
	length(f, "b", len(b), k*n)
	if bias != nil {
		length(f, "bias", len(bias), n)
	}
	rows := len(a) / k
	length(f, "a", len(a), rows*k)
	length(f, "out", len(out), rows*n)
	return rows
}

func normalizeRows(x, y, weight, bias []float32) int {
	const f = "Normalize"
	n := len(weight)
	multiple(f, "the length of weight", n, Lanes)
	length(f, "bias", len(bias), n)
	if y != nil {
		length(f, "y", len(y), len(x))
	}
	rows := len(x) / n
	length(f, "x", len(x), rows*n)
	return rows
}

func attentionRows(qkv, out []float32, heads, size int) int {
	const f = "Attention"
	multiple(f, "heads", heads, 1)
	multiple(f, "size", size, Lanes)
	hidden := heads * size
	rows := len(qkv) / (3 * hidden)
	length(f, "qkv", len(qkv), rows*3*hidden)
	length(f, "out", len(out), rows*hidden)
	return rows
}
