package ort

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// maxLibrary bounds what is unpacked; the largest library has 46 MB.
const maxLibrary = 128 << 20

// unpack writes the member of the archive, a wheel or a .tgz, to out.
func unpack(archive, member string, out io.Writer) (err error) {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	defer func() {
		if err != nil {
			err = fmt.Errorf("unpack %s from %s: %w", member, archive, err)
		}
	}()
	if strings.HasSuffix(archive, ".whl") {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		z, err := zip.NewReader(f, info.Size())
		if err != nil {
			return err
		}
		in, err := z.Open(member)
		if err != nil {
			return err
		}
		defer in.Close()
		return copyLibrary(out, in)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		header, err := t.Next()
		if err == io.EOF {
			return errors.New("it is not in there")
		}
		if err != nil {
			return err
		}
		if path.Clean(header.Name) == member && header.Typeflag == tar.TypeReg {
			return copyLibrary(out, t)
		}
	}
}

func copyLibrary(out io.Writer, in io.Reader) error {
	n, err := io.Copy(out, io.LimitReader(in, maxLibrary+1))
	if err != nil {
		return err
	}
	if n > maxLibrary {
		return fmt.Errorf("it has more than %d bytes", maxLibrary)
	}
	return nil
}

// fileSHA256 returns the checksum of a file, in hexadecimal.
func fileSHA256(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
