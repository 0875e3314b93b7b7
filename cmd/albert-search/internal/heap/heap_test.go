package heap

import (
	"math"
	"runtime/debug"
	"testing"
)

// TestPace checks that a limit that the user has set stays, and that one
// of our own ends with the work.
func TestPace(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	for _, tt := range []struct{ users, during int64 }{{math.MaxInt64, usualMemory}, {123 << 20, 123 << 20}, {4 << 30, 4 << 30}} {
		debug.SetMemoryLimit(tt.users)
		stop := Pace()
		during := debug.SetMemoryLimit(-1)
		stop()
		if after := debug.SetMemoryLimit(-1); during != tt.during || after != tt.users {
			t.Errorf("of a limit of %d: %d, then %d", tt.users, during, after)
		}
	}
}
