package albert

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

// needsUnsignedWeights reports whether int8 weights must be stored as unsigned
// numbers with an offset. x86 processors without VNNI multiply unsigned by
// signed bytes in pairs whose sums saturate at 16 bits; ONNX Runtime's product
// of unsigned by unsigned bytes avoids that, somewhat slower. (Its option
// session.x64quantprecision does the same by rewriting the graph.)
func needsUnsignedWeights() bool {
	return runtime.GOARCH == "amd64" && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI
}
