package main

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// machine is what ratios depend on: which processor it is, of the given brand,
// how many of its cores are used, and which of the instructions that fast paths
// have forms for it has. A brand alone says little: virtual machines of several
// generations have the same.
func machine(brand string) string {
	parts := []string{cmp.Or(brand, "unknown processor")}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if kind := kindOf(string(info)); kind != "" {
			parts = append(parts, kind)
		}
	}
	parts = append(parts, fmt.Sprintf("%d of its cores", runtime.GOMAXPROCS(0)))
	for _, feature := range []struct {
		name string
		has  bool
	}{
		{"AVX2", cpu.X86.HasAVX2},
		{"AVX-512 VPOPCNTDQ", cpu.X86.HasAVX512F && cpu.X86.HasAVX512VPOPCNTDQ},
		{"AVX-512 VNNI", cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VNNI},
	} {
		if feature.has {
			parts = append(parts, feature.name)
		}
	}
	return strings.Join(parts, ", ")
}

// kindOf returns the numbers of the first processor in /proc/cpuinfo, those that
// there are.
func kindOf(cpuinfo string) string {
	var kind []string
	first, _, _ := strings.Cut(cpuinfo, "\n\n")
	for line := range strings.Lines(first) {
		name, value, _ := strings.Cut(line, ":")
		switch name = strings.TrimSpace(name); name {
		case "cpu family", "model", "stepping":
			kind = append(kind, strings.TrimPrefix(name, "cpu ")+" "+strings.TrimSpace(value))
		}
	}
	return strings.Join(kind, " ")
}
