package local

import (
	"cmp"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/index/local/internal/postings"
)

// catchFault turns a fault on a mapped file into disk.ErrFault: see disk.CatchFault.
func catchFault(err *error) func() { return disk.CatchFault(err) }

// writeTimeout is how long a change may take, besides the time for as many bytes as
// the index has, before the disk counts as one that does not answer.
const (
	writeTimeout   = 5 * time.Minute
	bytesPerSecond = 10 << 20
)

// watchdog ends the waiting for a disk that does not answer. The system knows no
// deadline for files, so that what waits for it is left alone, with the locks
// that it holds: from then on everything fails.
type watchdog struct {
	timeout time.Duration // 0 means the usual one
	stuck   atomic.Pointer[error]
}

// isStuck tells whether the disk did not answer.
func (d *watchdog) isStuck() bool { return d.stuck.Load() != nil }

// watch runs a part of the writer's work on an index of so many bytes.
func (d *watchdog) watch(dir string, bytes int64, f func() error) error {
	if err := d.stuck.Load(); err != nil {
		return *err
	}
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer catchFault(&err)()
		err = f()
	}()
	limit := cmp.Or(d.timeout, writeTimeout) + time.Duration(bytes/bytesPerSecond)*time.Second
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		err := fmt.Errorf("writing index %s: %w after %v: the disk does not answer; what was published is intact: end this process, mend the disk and index again",
			dir, postings.ErrStuck, limit)
		d.stuck.Store(&err)
		return err
	}
}
