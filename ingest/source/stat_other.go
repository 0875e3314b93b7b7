//go:build !linux && !darwin

package source

import (
	"io/fs"

	"github.com/albert-search/albert-search/ingest"
)

// statOf knows neither change time nor inode here: size and modification time
// decide.
func statOf(info fs.FileInfo) ingest.Stat {
	return ingest.Stat{Size: info.Size(), ModTime: info.ModTime().UnixNano()}
}

// deviceOf knows nothing of disks here.
func deviceOf(fs.FileInfo) uint64 { return 0 }
