//go:build !linux

package sandbox

import "runtime/debug"

// limitMemory makes the garbage collector work harder near the limit.
func limitMemory(limit int64) { debug.SetMemoryLimit(limit / 4 * 3) }

// resident returns how much memory a process has, which is not known here.
func resident(int) (n int64, ok bool) { return 0, false }
