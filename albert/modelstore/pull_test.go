package modelstore_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/albert"
	"github.com/albert-search/albert-search/albert/modelstore"
	"github.com/albert-search/albert-search/albert/ort"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// serve is a hub that has one model, a/b, with the files of fsys and no
// checksums.
func serve(t *testing.T, fsys fs.FS) modelstore.Hub {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := strings.CutPrefix(r.URL.Path, "/a/b/resolve/"+commit+"/"); ok {
			http.ServeFileFS(w, r, fsys, name)
			return
		}
		var files []map[string]any
		_ = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if info, _ := d.Info(); !d.IsDir() {
				files = append(files, map[string]any{"rfilename": name, "size": info.Size()})
			}
			return err
		})
		_ = json.NewEncoder(w).Encode(map[string]any{"id": "a/b", "sha": commit, "siblings": files})
	}))
	t.Cleanup(server.Close)
	return modelstore.Hub{Address: server.URL}
}

func download(t *testing.T, s *modelstore.Store, h modelstore.Hub) (*modelstore.Download, error) {
	t.Helper()
	remote, err := h.Find(t.Context(), "a/b", "main")
	must(t, err)
	var last int64
	d, err := s.Download(t.Context(), remote, func(done, total int64, _ string) {
		if done > total {
			t.Errorf("%d of %d bytes", done, total)
		}
		last = done
	})
	if err == nil && last == 0 {
		t.Error("nothing is told of the progress")
	}
	return d, err
}

func TestPull(t *testing.T) {
	s := modelstore.Open(t.TempDir())
	d, err := download(t, s, serve(t, copyOf(t, "answers")))
	must(t, err)
	r, err := d.Import(t.Context(), modelstore.ImportOptions{Name: "m", Precision: albert.Float32})
	must(t, err)
	if r.Source != "a/b" || r.Revision != commit || !slices.Contains(r.Uses, "reader") {
		t.Errorf("record %+v", r)
	}
	if !strings.Contains(strings.Join(r.Notes, " "), "gave no checksum for") {
		t.Errorf("notes %q", r.Notes)
	}
	if names := left(t, s); len(names) > 0 {
		t.Errorf("it left %q", names)
	}
}

// TestADownloadIsKeptForAnotherTry imports twice: the first time without ONNX
// Runtime, which has nothing to do with the model, or interrupted.
func TestADownloadIsKeptForAnotherTry(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, o := range map[string]struct {
		ctx     context.Context
		runtime func() (*ort.Runtime, error)
		kept    bool
	}{
		"without ONNX Runtime": {t.Context(), func() (*ort.Runtime, error) { return nil, &ort.NotFoundError{} }, true},
		"interrupted":          {stopped, nil, true},
		"with a wrong name":    {t.Context(), nil, false},
	} {
		s := modelstore.Open(t.TempDir())
		d, err := download(t, s, serve(t, copyOf(t, "base")))
		must(t, err)
		options := modelstore.ImportOptions{Name: "m", Precision: albert.Int8, Runtime: o.runtime}
		if !o.kept {
			options.Name = "../m"
		}
		if _, err := d.Import(o.ctx, options); err == nil {
			t.Errorf("%s: no error", name)
		}
		_, err = os.Stat(filepath.Join(s.Dir(), ".downloads"))
		if kept := err == nil; kept != o.kept {
			t.Errorf("%s: kept: %v", name, kept)
		}
		if !o.kept {
			continue
		}
		_, err = d.Import(t.Context(), modelstore.ImportOptions{Name: "m", Precision: albert.Float32})
		must(t, err)
		if names := left(t, s); len(names) > 0 {
			t.Errorf("%s: it left %q", name, names)
		}
	}
}

func TestWhatIsNoModelIsNotDownloaded(t *testing.T) {
	for name, change := range map[string]string{"another model": "config.json", "no weights": "model.safetensors"} {
		s := modelstore.Open(t.TempDir())
		fsys := copyOf(t, "base")
		if change == "config.json" {
			fsys[change].Data = []byte(`{"model_type": "gpt2"}`)
		} else {
			delete(fsys, change)
		}
		if _, err := download(t, s, serve(t, fsys)); err == nil {
			t.Errorf("%s: no error", name)
		}
		if names := left(t, s); len(names) > 0 {
			t.Errorf("%s: it left %q", name, names)
		}
	}
}
