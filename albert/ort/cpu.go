package ort

import "golang.org/x/sys/cpu"

// CPUFeatures returns the names of those features of this machine's processor
// that ONNX Runtime's matrix products use, in a fixed order.
func CPUFeatures() []string {
	var names []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"AVX", cpu.X86.HasAVX},
		{"AVX2", cpu.X86.HasAVX2},
		{"FMA", cpu.X86.HasFMA},
		{"AVX-VNNI", cpu.X86.HasAVXVNNI},
		{"AVX-512F", cpu.X86.HasAVX512F},
		{"AVX-512BW", cpu.X86.HasAVX512BW},
		{"AVX-512-VNNI", cpu.X86.HasAVX512VNNI},
		{"AVX-512-BF16", cpu.X86.HasAVX512BF16},
		{"AMX-INT8", cpu.X86.HasAMXInt8},
		{"NEON", cpu.ARM64.HasASIMD},
		{"DOTPROD", cpu.ARM64.HasASIMDDP},
		{"I8MM", cpu.ARM64.HasI8MM},
		{"SVE", cpu.ARM64.HasSVE},
		{"SVE2", cpu.ARM64.HasSVE2},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}
