package local

import (
	"encoding/json"
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

// LockedError is returned by Create while another writer has the index open.
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

// lockDir takes the writer's lock of an index without waiting. The lock lives
// as long as the process: the kernel drops it when the writer is killed, so
// that what LOCK says counts only while the lock is held.
func lockDir(dir string) (*flock.Flock, error) {
	path := filepath.Join(dir, lockName)
	l := flock.New(path, flock.SetPermissions(fileMode))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking index %s: %w", dir, err)
	}
	if !ok {
		e := &LockedError{Dir: dir}
		if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &e.Holder) != nil {
			e.Holder = Holder{} // caught the holder while it wrote its name
		}
		return nil, e
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
