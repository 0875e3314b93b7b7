package ingest

import (
	"io/fs"
	"syscall"
)

func statOf(info fs.FileInfo) Stat {
	s := Stat{Size: info.Size(), ModTime: info.ModTime().UnixNano()}
	if t, ok := info.Sys().(*syscall.Stat_t); ok {
		s.ChangeTime = t.Ctim.Nano()
		s.Inode = t.Ino
	}
	return s
}
