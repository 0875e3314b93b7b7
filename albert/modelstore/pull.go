package modelstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/albert-search/albert-search/albert/internal/hub"
	"github.com/albert-search/albert-search/albert/ort"
)

// DefaultHub is the address of the server that models are downloaded from.
const DefaultHub = hub.DefaultEndpoint

// Hub is a server with the interface of the Hugging Face hub. The zero value is
// that at DefaultHub.
type Hub struct {
	// Address is that of the server, DefaultHub when empty.
	Address string
	// Token is sent to that server, and to no other, to identify the user.
	Token string
}

// ValidHubName reports whether a hub can have a model of the name.
func ValidHubName(name string) bool { return hub.ValidName(name) }

// Remote is a model on a hub, at one revision.
type Remote struct {
	// Name is what the hub calls it, Revision the commit.
	Name, Revision string

	client   *hub.Client
	snapshot *hub.Snapshot
}

// Find asks the hub for a model at a revision, a branch, tag or commit.
func (h Hub) Find(ctx context.Context, name, revision string) (*Remote, error) {
	client := &hub.Client{Endpoint: h.Address, Token: h.Token}
	snapshot, err := client.Find(ctx, name, revision)
	if err != nil {
		return nil, err
	}
	return &Remote{snapshot.Name, snapshot.Revision, client, snapshot}, nil
}

// maxSmall is the longest file downloaded that is not weights.
const maxSmall = 128 << 20

// maxDownload is more than all files of the largest model take, many times over.
const maxDownload = 64 << 30

// Download is a model that has been downloaded and is to be imported.
type Download struct {
	store  *Store
	remote *Remote
	dir    string
	notes  []string
}

// Download brings the files of a model into a folder of the store. Those that
// an earlier try has brought are kept. All that is not weights comes first, so
// that what is no ALBERT is known before much has come. Progress, if not nil, is
// told how many bytes of all files have come.
func (s *Store) Download(ctx context.Context, r *Remote, progress func(done, total int64, file string)) (*Download, error) {
	small, weights, err := r.needed()
	if err != nil {
		return nil, err
	}
	d := &Download{store: s, remote: r, dir: s.downloadDir(r)}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return nil, err
	}
	client := *r.client
	if _, err := client.Download(ctx, r.snapshot, small, d.dir); err != nil {
		return nil, err
	}
	if err := Precheck(os.DirFS(d.dir)); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", r.Name, err), d.remove())
	}
	client.Progress = progress
	all := slices.Concat(small, weights)
	if _, err = client.Download(ctx, r.snapshot, all, d.dir); err != nil {
		return nil, err
	}
	var unchecked []string
	for _, f := range all {
		if !f.Checked() {
			unchecked = append(unchecked, f.Name)
		}
	}
	if len(unchecked) > 0 {
		d.notes = append(d.notes, "The server gave no checksum for "+strings.Join(unchecked, ", ")+": nothing but their sizes, where it said them, could be compared.")
	}
	return d, nil
}

// needed are the files that importing the model takes.
func (r *Remote) needed() (small, weights []hub.File, err error) {
	var total int64
	for _, f := range r.snapshot.Needed() {
		total += max(f.Size, 0)
		switch {
		case strings.HasSuffix(f.Name, ".safetensors") || strings.HasSuffix(f.Name, ".bin"):
			weights = append(weights, f)
		case f.Size > maxSmall:
			return nil, nil, fmt.Errorf("%s of %s has %d bytes, more than the %d that such a file may have", f.Name, r.Name, f.Size, maxSmall)
		default:
			small = append(small, f)
		}
	}
	switch {
	case len(weights) == 0:
		err = fmt.Errorf("%s has no weights that can be read: neither model.safetensors nor pytorch_model.bin, whole or in parts", r.Name)
	case total > maxDownload:
		err = fmt.Errorf("%s has %d GB of files, more than any model that is read here", r.Name, total/1_000_000_000)
	}
	return small, weights, err
}

// Import imports what was downloaded, and deletes it unless the import can
// succeed another time: when it was interrupted, another process changes the
// store, the disk is full or ONNX Runtime is missing.
func (d *Download) Import(ctx context.Context, o ImportOptions) (*Record, error) {
	o.Source, o.Revision, o.Notes = d.remote.Name, d.remote.Revision, append(d.notes, o.Notes...)
	r, err := d.store.Import(ctx, os.DirFS(d.dir), o)
	var noLibrary *ort.NotFoundError
	if ctx.Err() != nil || errors.As(err, &noLibrary) || errors.Is(err, ErrBusy) || errors.Is(err, syscall.ENOSPC) {
		return r, err
	}
	return r, errors.Join(err, d.remove())
}

// remove deletes what was downloaded.
func (d *Download) remove() error {
	err := os.RemoveAll(d.dir)
	_ = os.Remove(filepath.Join(d.store.dir, downloads)) // if it is empty
	return err
}

var unsafeLetters = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// downloadDir is the folder for what is downloaded of a model's revision.
func (s *Store) downloadDir(r *Remote) string {
	return filepath.Join(s.dir, downloads, unsafeLetters.ReplaceAllString(r.Name, "_")+"@"+unsafeLetters.ReplaceAllString(r.Revision, "_"))
}
