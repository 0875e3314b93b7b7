package faultfs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// record carries out what a program does that makes a file durable, step by step.
func record(t *testing.T) *Disk {
	t.Helper()
	d := New()
	for _, e := range []event{
		{kind: Mkdir, parent: rootID, name: "dir", node: 2},
		{kind: SyncDir, node: rootID},
		{kind: Create, parent: 2, name: "file.tmp", node: 3},
		{kind: Write, node: 3, data: []byte("some content")},
		{kind: Sync, node: 3},
		{kind: Rename, parent: 2, name: "file.tmp", to: 2, new: "file", node: 3},
		{kind: SyncDir, node: 2},
		{kind: Write, node: 3, offset: 5, data: []byte("other")},
		{kind: Link, parent: 2, name: "link", node: 3},
		{kind: Unlink, parent: 2, name: "file"},
	} {
		if errno := d.begin(context.Background(), e.kind, e.name); errno != 0 {
			t.Fatal(errno)
		}
		d.do(e)
	}
	return d
}

func TestCrash(t *testing.T) {
	d := record(t)
	for _, test := range []struct {
		events int
		how    Crash
		want   map[string]string
	}{
		{10, Kill, map[string]string{"link": "some other"}},
		{10, Strict, map[string]string{"file": "some content"}},
		{6, Kill, map[string]string{"file": "some content"}},
		{6, Strict, map[string]string{}}, // the folder is as it was
		{4, Kill, map[string]string{"file.tmp": "some content"}},
	} {
		dir := t.TempDir()
		if err := d.At(test.events, test.how, nil).WriteTo(dir); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(filepath.Join(dir, "dir"))
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != len(test.want) {
			t.Errorf("%d changes, %v: entries %v, want %v", test.events, test.how, entries, test.want)
		}
		for name, want := range test.want {
			b, err := os.ReadFile(filepath.Join(dir, "dir", name))
			if have := string(b); err != nil || have[:min(len(have), len(want))] != want {
				t.Errorf("%d changes, %v: %s holds %q, %v; want %q", test.events, test.how, name, have, err, want)
			}
		}
	}
	if d.Copy().Ops() != d.Ops() {
		t.Error("a copy has another history")
	}
}

// TestMount uses a disk through the system, with a fault.
func TestMount(t *testing.T) {
	d := New()
	dir := t.TempDir()
	unmount, err := d.Mount(dir)
	if err != nil {
		t.Skipf("skipped: no file system of our own can be mounted here: %v", err)
	}
	defer func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
	}()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Hook(func(op Op) syscall.Errno {
		if op.Kind == Sync && op.Name == "file" {
			return syscall.ENOSPC
		}
		return 0
	})
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Sync(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("sync: %v, want ENOSPC", err)
	}
	d.Hook(nil)
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || string(b) != "content" {
		t.Errorf("%q, %v", b, err)
	}
	if left := d.At(d.Events(), Strict, nil).ReadFile("file"); left != nil {
		t.Error("a file whose folder was not synced is left")
	}
	if left := d.At(d.Events(), Kill, nil).ReadFile("file"); string(left) != "content" {
		t.Errorf("a kill leaves %q", left)
	}
}
