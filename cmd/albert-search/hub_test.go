package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// hubCommit is the only revision of the models of a testHub.
const hubCommit = "0123456789abcdef0123456789abcdef01234567"

// newTestHub serves the checkpoints that package albert is tested with as
// test/NAME. Beside them it has models that are not as they should be:
//
//   - cut/NAME: the first answers for the weights break off;
//   - slow/NAME: the first answer for the weights stops in the middle, which
//     the channel stalled is told;
//   - wrong/NAME: the checksum of the weights is another's;
//   - bare/NAME: has no checksums;
//   - huge/NAME: the weights are said to have a terabyte;
//   - secret/NAME: needs the token "hf_right";
//   - evil/NAME: its list of files leads out of the folder;
//   - roberta/NAME: its configuration is that of another kind of model.
func newTestHub(checkpoints string) *httptest.Server {
	return httptest.NewServer(&testHub{files: os.DirFS(checkpoints), cuts: map[string]int{}})
}

type testHub struct {
	files fs.FS
	mu    sync.Mutex
	cuts  map[string]int // answers that broke off, by path

	stalled chan struct{}
	ranges  []string // asked for of slow weights
}

func (h *testHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if rest, ok := strings.CutPrefix(r.URL.Path, "/api/models/"); ok {
		name, revision, _ := strings.Cut(rest, "/revision/")
		kind, model, _ := strings.Cut(name, "/")
		switch {
		case revision != "main" && revision != hubCommit || !fs.ValidPath(model):
			http.NotFound(w, r)
		case kind == "secret" && r.Header.Get("Authorization") != "Bearer hf_right":
			w.WriteHeader(http.StatusUnauthorized)
		default:
			h.list(w, r, kind, model)
		}
		return
	}
	name, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/resolve/"+hubCommit+"/")
	kind, model, _ := strings.Cut(name, "/")
	b, err := h.read(kind, model, file)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if kind == "cut" && strings.HasSuffix(file, ".safetensors") && h.cuts[r.URL.Path] < 3 {
		h.cuts[r.URL.Path]++
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		if r.Header.Get("Range") == "" {
			_, _ = w.Write(b[:len(b)/2])
			w.(http.Flusher).Flush()
		}
		panic(http.ErrAbortHandler)
	}
	if kind == "slow" && strings.HasSuffix(file, ".safetensors") {
		if h.ranges = append(h.ranges, r.Header.Get("Range")); len(h.ranges) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			_, _ = w.Write(b[:len(b)/2])
			w.(http.Flusher).Flush()
			h.stalled <- struct{}{}
			<-r.Context().Done() // the client is gone
			return
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

func (h *testHub) read(kind, model, file string) ([]byte, error) {
	b, err := fs.ReadFile(h.files, path.Join(model, file))
	if kind == "roberta" && file == "config.json" {
		b = bytes.Replace(b, []byte(`"albert"`), []byte(`"roberta"`), 1)
	}
	return b, err
}

func (h *testHub) list(w http.ResponseWriter, r *http.Request, kind, model string) {
	var siblings []map[string]any
	err := fs.WalkDir(h.files, model, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file := strings.TrimPrefix(name, model+"/")
		b, err := h.read(kind, model, file)
		if err != nil {
			return err
		}
		blob := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(b), b))
		entry := map[string]any{"rfilename": file, "size": len(b), "blobId": hex.EncodeToString(blob[:])}
		if strings.HasSuffix(file, ".safetensors") || strings.HasSuffix(file, ".bin") {
			sum := sha256.Sum256(b)
			if kind == "wrong" {
				sum[0] ^= 1
			}
			entry["lfs"] = map[string]any{"sha256": hex.EncodeToString(sum[:]), "size": len(b)}
		}
		switch lfs, _ := entry["lfs"].(map[string]any); {
		case kind == "bare":
			delete(entry, "blobId")
			delete(entry, "lfs")
		case kind == "huge" && lfs != nil:
			lfs["size"] = 1 << 40
		}
		siblings = append(siblings, entry)
		return nil
	})
	if err != nil {
		http.NotFound(w, r)
		return
	}
	if kind == "evil" {
		siblings = append(siblings, map[string]any{"rfilename": "../../../.ssh/authorized_keys", "size": 3})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"id": kind + "/" + model, "sha": hubCommit, "siblings": siblings})
}

// evilPickle is a file of weights that would run a command.
const evilPickle = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02M\xe9\x03.\x80\x02}." +
	"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."
