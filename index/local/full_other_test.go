//go:build !linux

package local

import "errors"

func childFull(string) error { return errors.New("only on Linux") }
