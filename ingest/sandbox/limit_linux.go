package sandbox

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// spare is what a process may have beyond what is allowed to be resident: the
// Go runtime takes memory in pieces of 64 MiB, of which not all is used, and
// threads have stacks.
const spare = 512 << 20

// limitMemory makes the garbage collector work harder near the limit, and the
// system refuse what is far beyond it, should the other side be slow to notice.
func limitMemory(limit int64) {
	debug.SetMemoryLimit(limit / 4 * 3)
	// Where the system does not have it, the limit is that of the other side.
	most := uint64(min(limit, math.MaxInt64-spare)) + spare
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY})
}

// resident returns how much memory a process has that is in RAM and its own.
func resident(pid int) (n int64, ok bool) {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(line) // in pages: all, resident, of these shared
	if len(fields) < 3 {
		return 0, false
	}
	all, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, false
	}
	shared, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil {
		return 0, false
	}
	return (all - shared) * int64(os.Getpagesize()), true
}
