//go:build !(linux && amd64 && cgo)

package avx512

// Supported reports whether this processor has the instructions, and this
// system a program that can use them.
func Supported() bool { return false }

const unsupported = "avx512: this processor lacks the instructions"

// Apply panics.
func (l *Linear) Apply(x, out []float32, act Activation, work *Work) { panic(unsupported) }

// Product panics.
func Product(a, b, bias, out []float32, k, n int) { panic(unsupported) }

// Normalize panics.
func Normalize(x, y, weight, bias []float32, epsilon float32) { panic(unsupported) }

// Attention panics.
func Attention(qkv, out []float32, heads, size int, work *Work) { panic(unsupported) }
