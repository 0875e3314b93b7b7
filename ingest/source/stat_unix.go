//go:build linux || darwin

package source

import (
	"io/fs"
	"syscall"

	"github.com/albert-search/albert-search/ingest"
)

func statOf(info fs.FileInfo) ingest.Stat {
	s := ingest.Stat{Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	if t, ok := info.Sys().(*syscall.Stat_t); ok {
		s.ChangeTime = changeTime(t)
		s.Inode = t.Ino
	}
	return s
}

// deviceOf is the number of the disk that a file is on.
func deviceOf(info fs.FileInfo) uint64 {
	if t, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(t.Dev)
	}
	return 0
}
