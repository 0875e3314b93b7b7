package pdf

import (
	"runtime/debug"

	"github.com/tetratelabs/wazero/experimental"
)

// largeMemory is the size in bytes from which the memory of a sandbox is given
// back at once and not when the garbage collector gets to it.
const largeMemory = 48 << 20

// sandboxMemory is the memory of a sandbox. Without it wazero appends to a
// slice, which leaves several times the memory behind by the time that it has
// grown to the limit. It is of the garbage collector, so that nothing is read
// that is not there any more when a sandbox is closed while it is in use.
type sandboxMemory struct {
	buf []byte
	max uint64
}

func newSandboxMemory(capacity, most uint64) experimental.LinearMemory {
	return &sandboxMemory{buf: make([]byte, 0, capacity), max: most}
}

// Reallocate grows the memory to the size.
func (m *sandboxMemory) Reallocate(size uint64) []byte {
	if size > m.max {
		return nil
	}
	if size > uint64(cap(m.buf)) {
		grown := make([]byte, size, min(m.max, max(size, 2*uint64(cap(m.buf)))))
		copy(grown, m.buf)
		m.buf = grown
		if cap(grown) >= largeMemory {
			debug.FreeOSMemory()
		}
	}
	m.buf = m.buf[:size]
	return m.buf
}

// Free lets go of the memory.
func (m *sandboxMemory) Free() {
	large := cap(m.buf) >= largeMemory
	m.buf = nil
	if large {
		debug.FreeOSMemory()
	}
}
