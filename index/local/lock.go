package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/disk"
)

// locked returns an *index.LockedError while a writer has the index in dir open.
func locked(dir string) error {
	// A lock that can be shared is free; it is given back at once.
	l := flock.New(filepath.Join(dir, lockName), flock.SetFlag(os.O_RDONLY))
	defer l.Close()
	if free, err := l.TryRLock(); free || err != nil {
		return nil
	}
	return lockedError(dir)
}

// lockedError says who holds the lock.
func lockedError(dir string) error {
	e := &index.LockedError{Dir: dir}
	if b, err := os.ReadFile(filepath.Join(dir, lockName)); err == nil && json.Unmarshal(b, &e.Holder) != nil {
		e.Holder = index.Holder{} // caught the holder while it wrote its name
	}
	return e
}

// probed is longer than Locked has the lock.
const probed = 200 * time.Millisecond

// lockDir takes the writer's lock of an index without waiting. The lock lives
// as long as the process: the kernel drops it when the writer is killed, so
// that what LOCK says counts only while the lock is held.
func lockDir(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockName)
	l := flock.New(path, flock.SetPermissions(disk.FileMode))
	ctx, cancel := context.WithTimeout(context.Background(), probed)
	defer cancel()
	_, err := l.TryLockContext(ctx, probed/40)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, lockedError(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("locking index %s: %w", dir, err)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	b, err := json.Marshal(index.Holder{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		// Written in place: the lock is on this very file, a renamed one
		// would not be locked.
		err = os.WriteFile(path, append(b, '\n'), disk.FileMode)
	}
	if err != nil {
		_ = l.Unlock() // the error of the write is what is told
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return l, nil
}
