//go:build !linux

package faultfs

import "errors"

// Mount fails: mounting is written for Linux.
func (d *Disk) Mount(string) (unmount func() error, err error) {
	return nil, errors.New("mounting by FUSE is written for Linux only")
}
