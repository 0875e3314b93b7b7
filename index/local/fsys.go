package local

import (
	"github.com/albert-search/albert-search/index/local/internal/disk"
	"github.com/albert-search/albert-search/internal/durable"
)

const dirMode = 0o700

// writeFile creates a file, which must not exist, and returns when its content
// is on the disk.
func writeFile(path string, data []byte) error {
	return durable.FS{}.WriteNew(path, data, disk.FileMode)
}

// replaceFile makes data the content of the file at path.
func replaceFile(path string, data []byte) error {
	return durable.FS{}.Replace(path, data, disk.FileMode)
}

// makeDir makes a folder, and those it is in.
func makeDir(path string) error { return durable.FS{}.MkdirAll(path, dirMode) }

// syncFile returns when the content of an existing file is on the disk.
func syncFile(path string) error { return durable.FS{}.SyncFile(path) }

// syncDir makes the entries of a folder durable.
func syncDir(path string) error { return durable.FS{}.SyncDir(path) }

// linkFile makes the immutable file src appear as dst.
func linkFile(src, dst string) error { return durable.FS{}.Link(src, dst, disk.FileMode) }

// copyFile copies src to dst, which must not exist, and syncs it.
func copyFile(src, dst string) error { return durable.FS{}.Copy(src, dst, disk.FileMode) }
