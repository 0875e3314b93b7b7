package albert

import "fmt"

// Precision is what a session calculates with.
type Precision int

const (
	// Float32 is 32-bit floating point throughout.
	Float32 Precision = iota
	// Int8 multiplies 8-bit integers in the layers' linear maps: weights with
	// a scale for each output, activations with a scale for each token, so
	// that a sequence's results do not depend on its batch. It is about twice
	// as fast.
	Int8
)

// String returns the name of the precision.
func (p Precision) String() string {
	switch p {
	case Float32:
		return "fp32"
	case Int8:
		return "int8"
	}
	return fmt.Sprintf("Precision(%d)", int(p))
}
