package source

import "syscall"

func changeTime(t *syscall.Stat_t) int64 { return t.Ctim.Nano() }
