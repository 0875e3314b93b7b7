package hub_test

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/albert-search/albert-search/albert/internal/hub"
)

const (
	model  = "someone/tiny-albert"
	commit = "0123456789abcdef0123456789abcdef01234567"
)

// server is a hub with one model, and with faults.
type server struct {
	*httptest.Server
	files map[string][]byte
	// cut ends the answers for a file after so many bytes, once for each
	// element.
	cut map[string][]int
	// elsewhere is where large files are, if not here.
	elsewhere string
	// list changes what is said of the files.
	list func(entry map[string]any)
	// noRange sends all, whatever is asked for.
	noRange bool
	// status is what is answered instead.
	status int

	mu      sync.Mutex
	asked   []string // file and range
	headers []http.Header
}

func content(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7) ^ byte(i>>8) + seed
	}
	return b
}

func newServer(t *testing.T) *server {
	s := &server{
		files: map[string][]byte{
			"config.json": []byte(`{"model_type": "albert"}`), "vocab.txt": []byte("[PAD]\n"),
			"model.safetensors": content(300_000, 1), "1_Pooling/config.json": []byte("{}"), "tf_model.h5": content(1000, 2),
		},
		cut: map[string][]int{},
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func sum256(b []byte) string { h := sha256.Sum256(b); return hex.EncodeToString(h[:]) }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers = append(s.headers, r.Header)
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	switch {
	case r.URL.Path == "/api/models/"+model+"/revision/main":
		s.serveList(w)
	case strings.HasPrefix(r.URL.Path, "/"+model+"/resolve/"+commit+"/"):
		s.serveFile(w, r, strings.TrimPrefix(r.URL.Path, "/"+model+"/resolve/"+commit+"/"))
	case strings.HasPrefix(r.URL.Path, "/blobs/"):
		s.serveFile(w, r, strings.TrimPrefix(r.URL.Path, "/blobs/"))
	default:
		http.NotFound(w, r)
	}
}

func (s *server) serveList(w http.ResponseWriter) {
	var siblings []map[string]any
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		b := s.files[name]
		blob := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(b), b))
		e := map[string]any{"rfilename": name, "size": len(b), "blobId": hex.EncodeToString(blob[:])}
		if len(b) > 10_000 {
			e["lfs"] = map[string]any{"sha256": sum256(b), "size": len(b), "pointerSize": 130}
		}
		if s.list != nil {
			s.list(e)
		}
		siblings = append(siblings, e)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"id": model, "sha": commit, "siblings": siblings})
}

func (s *server) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	b, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if s.elsewhere != "" && len(b) > 10_000 {
		w.Header().Set("X-Linked-Etag", `"`+sum256(b)+`"`)
		http.Redirect(w, r, s.elsewhere+"/blobs/"+name, http.StatusFound)
		return
	}
	s.asked = append(s.asked, strings.TrimSpace(name+" "+r.Header.Get("Range")))
	if s.noRange {
		r.Header.Del("Range")
	}
	if cuts := s.cut[name]; len(cuts) > 0 {
		s.cut[name] = cuts[1:]
		w = &cutter{ResponseWriter: w, left: cuts[0]}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// cutter ends the connection after some bytes.
type cutter struct {
	http.ResponseWriter
	left int
}

func (c *cutter) Write(b []byte) (int, error) {
	if len(b) <= c.left {
		c.left -= len(b)
		return c.ResponseWriter.Write(b)
	}
	_, _ = c.ResponseWriter.Write(b[:c.left])
	if f, ok := c.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}

func (s *server) client() *hub.Client {
	return &hub.Client{Endpoint: s.URL + "/", Pause: time.Microsecond}
}

// pull downloads the model into dir.
func pull(t *testing.T, c *hub.Client, dir string) (map[string]string, error) {
	t.Helper()
	s, err := c.Find(t.Context(), model, "main")
	if err != nil {
		return nil, err
	}
	if s.Name != model || s.Revision != commit {
		t.Errorf("found %s at %s", s.Name, s.Revision)
	}
	return c.Download(t.Context(), s, s.Needed(), dir)
}

func (s *server) check(t *testing.T, dir string, sums map[string]string) {
	t.Helper()
	for _, name := range []string{"config.json", "vocab.txt", "model.safetensors", "1_Pooling/config.json"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, s.files[name]) {
			t.Errorf("%s has %d bytes, %v", name, len(got), err)
		}
		if sums[name] != sum256(s.files[name]) {
			t.Errorf("%s: checksum %q", name, sums[name])
		}
	}
	if len(sums) != 4 {
		t.Errorf("downloaded %v", sums)
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, ".part") {
			t.Errorf("%s is left: %v", path, err)
		}
		return nil
	})
}

func TestDownload(t *testing.T) {
	s := newServer(t)
	c := s.client()
	var done, total int64
	c.Progress = func(d, n int64, file string) {
		if d < done || d > n || file == "" {
			t.Errorf("progress %d of %d for %q after %d", d, n, file, done)
		}
		done, total = d, n
	}
	dir := t.TempDir()
	sums, err := pull(t, c, dir)
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, dir, sums)
	if done != total || total < 300_000 {
		t.Errorf("progress ends with %d of %d", done, total)
	}
	// Again, nothing is asked for but the list.
	s.asked, done = nil, 0
	if sums, err = pull(t, c, dir); err != nil {
		t.Fatal(err)
	}
	s.check(t, dir, sums)
	if len(s.asked) > 0 {
		t.Errorf("asked again for %q", s.asked)
	}
}

func TestDownloadGoesOnWhereItEnded(t *testing.T) {
	s := newServer(t)
	s.cut["model.safetensors"] = []int{100_000, 50_000, 0, 0, 0}
	dir := t.TempDir()
	sums, err := pull(t, s.client(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, dir, sums)
	var ranges []string
	for _, a := range s.asked {
		if name, r, ok := strings.Cut(a, " "); ok && name == "model.safetensors" {
			ranges = append(ranges, r)
		}
	}
	if len(ranges) != 5 || ranges[0] != "bytes=100000-" || ranges[4] != "bytes=150000-" {
		t.Errorf("asked for %q", ranges)
	}
}

func TestDownloadGoesOnInALaterRun(t *testing.T) {
	s := newServer(t)
	s.cut["model.safetensors"] = []int{120_000, 0, 0, 0, 0, 0, 0}
	dir := t.TempDir()
	_, err := pull(t, s.client(), dir)
	var offline *hub.OfflineError
	if !errors.As(err, &offline) || !strings.Contains(err.Error(), "model.safetensors") {
		t.Fatalf("error %v", err)
	}
	s.cut = nil
	s.asked = nil
	sums, err := pull(t, s.client(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, dir, sums)
	if !slices.Contains(s.asked, "model.safetensors bytes=120000-") {
		t.Errorf("asked for %q", s.asked)
	}
}

func TestServerWithoutRanges(t *testing.T) {
	s := newServer(t)
	s.noRange = true
	s.cut["model.safetensors"] = []int{100_000}
	dir := t.TempDir()
	sums, err := pull(t, s.client(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, dir, sums)
}

func TestLargeFilesElsewhere(t *testing.T) {
	s, cdn := newServer(t), newServer(t)
	cdn.files = s.files
	// "localhost" is another host than "127.0.0.1".
	s.elsewhere = strings.Replace(cdn.URL, "127.0.0.1", "localhost", 1)
	s.list = func(e map[string]any) { delete(e, "lfs"); delete(e, "blobId") }
	c := s.client()
	c.Token = "hf_secret"
	dir := t.TempDir()
	sums, err := pull(t, c, dir)
	if err != nil {
		t.Fatal(err)
	}
	s.check(t, dir, sums)
	for _, h := range s.headers {
		if h.Get("Authorization") != "Bearer hf_secret" {
			t.Error("the server was not sent the token")
		}
	}
	if len(cdn.headers) != 1 || cdn.headers[0].Get("Authorization") != "" {
		t.Errorf("the other server was sent %v", cdn.headers)
	}
	// The checksum stands in the answer that leads there.
	cdn.files = map[string][]byte{"model.safetensors": content(300_000, 9)}
	var sum *hub.ChecksumError
	if _, err := pull(t, c, t.TempDir()); !errors.As(err, &sum) {
		t.Errorf("other bytes: %v", err)
	}
}

func TestChecksums(t *testing.T) {
	for file, lfs := range map[string]bool{"model.safetensors": true, "vocab.txt": false} {
		s := newServer(t)
		s.list = func(e map[string]any) {
			if e["rfilename"] == file {
				e["blobId"] = strings.Repeat("0", 40)
				if lfs {
					e["lfs"].(map[string]any)["sha256"] = strings.Repeat("0", 64)
				}
			}
		}
		dir := t.TempDir()
		_, err := pull(t, s.client(), dir)
		var sum *hub.ChecksumError
		if !errors.As(err, &sum) || sum.File != file || !strings.Contains(err.Error(), "removed") {
			t.Errorf("%s: error %v", file, err)
		}
		for _, name := range []string{file, file + ".part"} {
			if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", name, err)
			}
		}
	}
}

// TestWithoutChecksums has a server whose list has no checksums: those of its
// answers count, and where there are none that can be seen.
func TestWithoutChecksums(t *testing.T) {
	s := newServer(t)
	s.list = func(e map[string]any) { delete(e, "blobId"); delete(e, "lfs") }
	other := newServer(t)
	for _, elsewhere := range []string{"", other.URL} { // which has a checksum for what is large
		s.elsewhere = elsewhere
		found, err := s.client().Find(t.Context(), model, "main")
		if err != nil {
			t.Fatal(err)
		}
		files := found.Needed()
		if _, err := s.client().Download(t.Context(), found, files, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if want := elsewhere != "" && f.Name == "model.safetensors"; f.Checked() != want {
				t.Errorf("%s is checked: %v, want %v", f.Name, f.Checked(), want)
			}
		}
	}
}

// TestSecrets has a token and a password, which stay secret.
func TestSecrets(t *testing.T) {
	c := &hub.Client{Endpoint: "http://mirror.invalid", Token: "hf_secret"}
	if _, err := c.Find(t.Context(), model, "main"); err == nil || !strings.Contains(err.Error(), "not sent") || strings.Contains(err.Error(), "hf_secret") {
		t.Errorf("a token without encryption: %v", err)
	}
	s := newServer(t)
	s.status = http.StatusNotFound
	c.Endpoint = strings.Replace(s.URL, "://", "://user:geheim@", 1)
	for range 2 {
		if _, err := c.Find(t.Context(), model, "main"); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("a password: %v", err)
		}
		s.Close() // and once more without a connection
	}
}

func TestSizesThatLie(t *testing.T) {
	for _, size := range []int{299_999, 300_001} {
		s := newServer(t)
		s.list = func(e map[string]any) {
			if lfs, ok := e["lfs"].(map[string]any); ok {
				lfs["size"] = size
			}
		}
		c := s.client()
		c.Retries = 1
		if _, err := pull(t, c, t.TempDir()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(size)) && !strings.Contains(err.Error(), "416") {
			t.Errorf("%d bytes: error %v", size, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusUnauthorized: "HF_TOKEN", http.StatusForbidden: "granted", http.StatusNotFound: "no model " + model,
		http.StatusTooManyRequests: "later", http.StatusInternalServerError: "500",
	} {
		s := newServer(t)
		s.status = status
		_, err := pull(t, s.client(), t.TempDir())
		var answer *hub.Error
		if !errors.As(err, &answer) || answer.Status != status || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: error %v", status, err)
		}
	}
	s := newServer(t)
	s.status = http.StatusUnauthorized
	c := s.client()
	c.Token = "wrong"
	if _, err := c.Find(t.Context(), model, "main"); err == nil || !strings.Contains(err.Error(), "not accepted") {
		t.Errorf("a wrong token: %v", err)
	}
}

func TestOffline(t *testing.T) {
	s := newServer(t)
	c := s.client()
	s.Close()
	_, err := c.Find(t.Context(), model, "main")
	var offline *hub.OfflineError
	if !errors.As(err, &offline) || !strings.Contains(err.Error(), model) || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("error %v", err)
	}
}

// TestRedirectsRefused has a server that leads nowhere: there is a connection,
// and a further try would not help.
func TestRedirectsRefused(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(s.Close)
	_, err := (&hub.Client{Endpoint: s.URL}).Find(t.Context(), model, "main")
	var offline *hub.OfflineError
	if err == nil || errors.As(err, &offline) || !strings.Contains(err.Error(), "from one address to the next") || asked > 12 {
		t.Errorf("error %v after %d requests", err, asked)
	}
}

func TestInterrupted(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	c := s.client()
	c.Progress = func(done, _ int64, file string) {
		if file == "model.safetensors" && done > 0 {
			cancel(errors.New("enough"))
		}
	}
	found, err := c.Find(ctx, model, "main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Download(ctx, found, found.Needed(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("error %v", err)
	}
}

func TestRefusesLists(t *testing.T) {
	good := func(e string) string {
		return `{"id": "a/b", "sha": "` + commit + `", "siblings": [` + e + `]}`
	}
	for name, c := range map[string]struct{ body, want string }{
		"a name that leads up":     {good(`{"rfilename": "../../.ssh/authorized_keys"}`), "refused"},
		"an absolute name":         {good(`{"rfilename": "/etc/passwd"}`), "refused"},
		"a name of Windows":        {good(`{"rfilename": "..\\..\\x"}`), "refused"},
		"a drive":                  {good(`{"rfilename": "C:x"}`), "refused"},
		"a negative size":          {good(`{"rfilename": "a", "size": -1}`), "size"},
		"a size beyond measure":    {good(`{"rfilename": "a", "size": 9000000000000000000}`), "size"},
		"a checksum that is none":  {good(`{"rfilename": "a", "lfs": {"sha256": "../x"}}`), "checksum"},
		"a commit that is none":    {`{"id": "a/b", "sha": "../../main", "siblings": []}`, "commit"},
		"a model that leads up":    {`{"id": "../b", "sha": "` + commit + `", "siblings": []}`, "no model"},
		"no JSON":                  {"<html>", "list of files"},
		"a number beyond a number": {good(`{"rfilename": "a", "size": 1e300}`), "list of files"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.body)) }))
		_, err := (&hub.Client{Endpoint: s.URL}).Find(t.Context(), model, "main")
		s.Close()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"albert/albert-base-v2": true, "bert-base-uncased": true, "a.b/c_d": true,
		"": false, "/a": false, "a/": false, "a/b/c": false, "../a": false, "a/..": false, "a/..b": false, "a b": false, "a?b": false, "a/b@c": false,
	} {
		if hub.ValidName(name) != want {
			t.Errorf("%q is valid: %v", name, !want)
		}
	}
	if _, err := (&hub.Client{Endpoint: "ftp://x"}).Find(t.Context(), model, "main"); err == nil || !strings.Contains(err.Error(), "ftp") {
		t.Errorf("an endpoint of another kind: %v", err)
	}
	if _, err := (&hub.Client{}).Find(t.Context(), "../x", "main"); err == nil {
		t.Error("a name that leads up is accepted")
	}
}

func TestNeeded(t *testing.T) {
	for _, c := range []struct{ files, want string }{
		{"config.json model.safetensors pytorch_model.bin spiece.model tokenizer.json onnx/model.onnx", "config.json model.safetensors spiece.model tokenizer.json"},
		{"model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors pytorch_model.bin", "model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors"},
		{"pytorch_model.bin.index.json pytorch_model-00001-of-00001.bin training_args.bin", "pytorch_model.bin.index.json pytorch_model-00001-of-00001.bin"},
		{"pytorch_model.bin flax_model.msgpack README.md .gitattributes", "pytorch_model.bin README.md"},
		{"modules.json 1_Pooling/config.json 2_Normalize/config.json data/x/config.json", "modules.json 1_Pooling/config.json 2_Normalize/config.json"},
		{"modules.json 0_Transformer/pytorch_model.bin 0_Transformer/vocab.txt", "modules.json 0_Transformer/pytorch_model.bin 0_Transformer/vocab.txt"},
	} {
		var s hub.Snapshot
		for _, name := range strings.Fields(c.files) {
			s.Files = append(s.Files, hub.File{Name: name})
		}
		var got []string
		for _, f := range s.Needed() {
			got = append(got, f.Name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("of %s\nneeded %s\nwant   %s", c.files, strings.Join(got, " "), c.want)
		}
	}
}
