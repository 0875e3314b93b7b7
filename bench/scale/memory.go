package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// memory watches what the process takes: /proc/self/status counts what Go's
// runtime does not know of, too.
type memory struct {
	stop, stopped chan struct{}
	once          sync.Once
	anon          int64
}

func watchMemory() *memory {
	m := &memory{stop: make(chan struct{}), stopped: make(chan struct{})}
	go func() {
		defer close(m.stopped)
		for {
			m.anon = max(m.anon, status("RssAnon"))
			select {
			case <-m.stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return m
}

// peaks returns the highest RssAnon seen and VmHWM, in bytes, 0 where there is
// no /proc. It ends watching.
func (m *memory) peaks() (anon, high int64) {
	m.once.Do(func() { close(m.stop) })
	<-m.stopped
	return max(m.anon, status("RssAnon")), status("VmHWM")
}

// status reads a figure of /proc/self/status, in bytes.
func status(name string) int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10
		}
	}
	return 0
}
