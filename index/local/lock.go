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
)

// Holder says who writes to an index.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// LockedError is returned by Create and Locked while another writer has the index
// open.
// errors.Is(err, index.ErrLocked) holds.
type LockedError struct {
	Dir string
	// Holder is zero when the writer has not yet written its name.
	Holder Holder
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("%s: %v by another process; wait for it or stop it", e.Dir, index.ErrLocked)
	}
	return fmt.Sprintf("%s: %v by process %d on %s since %s; wait for it or stop it", e.Dir, index.ErrLocked,
		e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.RFC3339))
}

func (e *LockedError) Unwrap() error { return index.ErrLocked }

// Locked returns a *LockedError while a writer has the index in dir open, and nil
// when none has, or when that cannot be told. It is for those who have much to do
// before they call Create: it neither makes anything nor keeps a writer out.
func Locked(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
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
	e := &LockedError{Dir: dir}
	if b, err := os.ReadFile(filepath.Join(dir, lockName)); err == nil && json.Unmarshal(b, &e.Holder) != nil {
		e.Holder = Holder{} // caught the holder while it wrote its name
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
	l := flock.New(path, flock.SetPermissions(fileMode))
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
	b, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: time.Now().UTC().Truncate(time.Second)})
	if err == nil {
		// Written in place: the lock is on this very file, a renamed one
		// would not be locked.
		err = os.WriteFile(path, append(b, '\n'), fileMode)
	}
	if err != nil {
		l.Unlock()
		return nil, fmt.Errorf("writing %s: %w", path, err)
	}
	return l, nil
}
