package hub

import (
	"context"
	"crypto/sha1" // what git names files by; SHA-256 is used where it is known
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/albert-search/albert-search/internal/durable"
	"github.com/albert-search/albert-search/internal/errkind"
)

// partSuffix is what the name of a file ends in until it is complete.
const partSuffix = ".part"

// ChecksumError is that a file is not what the server says it is.
type ChecksumError struct{ File, Got, Want string }

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%s has the checksum %s, it should have %s: what came is removed; try again, or use another endpoint", e.File, e.Got, e.Want)
}

// ErrorKind is the kind of the error for programs.
func (*ChecksumError) ErrorKind() string { return errkind.DownloadFailed }

// Download brings the given files of a snapshot into the folder dir, which may
// have some of them, or parts of them, from an earlier try. It returns the
// SHA-256 of each by name. A checksum that the list lacks, and the answer for a
// file has, is noted in files; those that are not Checked afterwards have been
// compared by their size alone, if there was one.
func (c *Client) Download(ctx context.Context, s *Snapshot, files []File, dir string) (map[string]string, error) {
	d := &download{c: c, s: s, dir: dir}
	for _, f := range files {
		d.total += max(f.Size, 0)
	}
	sums := make(map[string]string, len(files))
	for i := range files {
		f := &files[i]
		sum, err := d.file(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("download %s of %s: %w", f.Name, s.Name, err)
		}
		sums[f.Name] = sum
	}
	return sums, nil
}

// download is one run of Download.
type download struct {
	c           *Client
	s           *Snapshot
	dir         string
	done, total int64
}

// file downloads a file unless it is there.
func (d *download) file(ctx context.Context, f *File) (string, error) {
	target := filepath.Join(d.dir, filepath.FromSlash(f.Name))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return "", err
	}
	if sum, size, err := verify(target, *f); err == nil {
		d.advance(size, f.Name)
		return sum, nil
	}
	part := target + partSuffix
	if err := d.fetch(ctx, f, part); err != nil {
		return "", err
	}
	sum, _, err := verify(part, *f)
	if err != nil {
		return "", errors.Join(err, os.Remove(part))
	}
	// The next run takes a complete name for a complete file.
	disk := durable.FS{}
	if err := disk.SyncFile(part); err != nil {
		return "", err
	}
	return sum, disk.Rename(part, target)
}

func (d *download) advance(n int64, file string) {
	d.done += n
	if d.c.Progress != nil {
		d.c.Progress(d.done, max(d.total, d.done), file)
	}
}

// fetch downloads a file into part, taking it up again where it breaks off.
func (d *download) fetch(ctx context.Context, f *File, part string) error {
	retries, pause := d.c.Retries, d.c.Pause
	if retries == 0 {
		retries = 4
	}
	if pause == 0 {
		pause = time.Second
	}
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	err = func() error {
		from, err := out.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if f.Size < 0 || from > f.Size { // nobody knows whether it is all, or it is of something else
			from = 0
		}
		d.advance(from, f.Name)
		for try := 0; ; {
			n, err := d.rest(ctx, f, out, from)
			from = n.at
			if err == nil {
				return nil
			}
			var answer *Error
			if ctx.Err() != nil || errors.As(err, &answer) && answer.Status < 500 || errors.As(err, new(fatal)) {
				return err
			}
			if n.came > 0 {
				try = 0
			}
			if try++; try > retries {
				return err
			}
			select {
			case <-time.After(pause << (try - 1)):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}()
	return errors.Join(err, out.Close())
}

// fatal is an error that no further try mends.
type fatal struct{ error }

func (f fatal) Unwrap() error { return f.error }

// place is how far a download is, and how much of it came just now.
type place struct{ at, came int64 }

// rest downloads what of a file comes from the byte from on.
func (d *download) rest(ctx context.Context, f *File, out *os.File, from int64) (place, error) {
	p := place{at: from}
	if from == f.Size && from > 0 {
		return p, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(responseTimeout+stallTimeout, func() { cancel(fmt.Errorf("nothing came for %v", stallTimeout)) })
	defer stalled.Stop()

	parts := strings.Split(f.Name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	address := fmt.Sprintf("%s/%s/resolve/%s/%s", d.c.endpoint(), d.s.Name, d.s.Revision, strings.Join(parts, "/"))
	response, err := d.c.get(ctx, d.s.Name, address, from)
	if err != nil {
		return p, err
	}
	defer response.Body.Close()
	f.learn(response.Header)
	if response.StatusCode == http.StatusPartialContent {
		var start int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-", &start); err != nil || start != from {
			return p, fatal{fmt.Errorf("the server sends %q where bytes from %d on were asked for", response.Header.Get("Content-Range"), from)}
		}
	} else if from > 0 {
		// All of it comes again.
		d.advance(-from, f.Name)
		p.at = 0
	}
	if err := out.Truncate(p.at); err != nil {
		return p, fatal{err}
	}
	if _, err := out.Seek(p.at, io.SeekStart); err != nil {
		return p, fatal{err}
	}
	limit := int64(maxFile)
	if f.Size >= 0 {
		limit = f.Size
	}
	buffer := make([]byte, 256<<10)
	for {
		n, readErr := response.Body.Read(buffer)
		stalled.Reset(stallTimeout)
		if p.at+int64(n) > limit {
			return p, fatal{fmt.Errorf("more than its %d bytes come", limit)}
		}
		if _, err := out.Write(buffer[:n]); err != nil {
			return p, fatal{err}
		}
		p.at += int64(n)
		p.came += int64(n)
		d.advance(int64(n), f.Name)
		switch {
		case readErr == io.EOF && (f.Size < 0 || p.at == f.Size):
			return p, nil
		case readErr == io.EOF:
			return p, fmt.Errorf("the connection ended after %d of %d bytes", p.at, f.Size)
		case readErr != nil:
			return p, &OfflineError{d.s.Name, d.c.shown(), errors.Join(readErr, context.Cause(ctx))}
		}
	}
}

// learn takes from an answer the checksum that the list of files lacks.
func (f *File) learn(h http.Header) {
	if f.Checked() {
		return
	}
	for _, key := range []string{"X-Linked-Etag", "Etag"} {
		tag := strings.Trim(strings.TrimPrefix(h.Get(key), "W/"), `"`)
		switch {
		case sha256Hex.MatchString(tag):
			f.SHA256 = tag
			return
		case sha1Hex.MatchString(tag):
			f.Blob = tag
			return
		}
	}
}

// verify compares a file with what is known of it and returns its SHA-256.
func verify(name string, f File) (sum string, size int64, err error) {
	file, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", 0, err
	}
	size = info.Size()
	if f.Size >= 0 && size != f.Size {
		return "", size, fmt.Errorf("it has %d bytes, not %d", size, f.Size)
	}
	strong, blob := sha256.New(), sha1.New()
	fmt.Fprintf(blob, "blob %d\x00", size) // a hash never fails
	if _, err := io.Copy(io.MultiWriter(strong, blob), file); err != nil {
		return "", size, err
	}
	sum = hexOf(strong)
	switch {
	case f.SHA256 != "" && sum != f.SHA256:
		return "", size, &ChecksumError{f.Name, sum, f.SHA256}
	case f.SHA256 == "" && f.Blob != "" && hexOf(blob) != f.Blob:
		return "", size, &ChecksumError{f.Name, hexOf(blob), f.Blob}
	}
	return sum, size, nil
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
