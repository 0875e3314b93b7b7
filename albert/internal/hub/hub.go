// Package hub downloads models from a server with the interface of the Hugging
// Face hub (https://huggingface.co/docs/hub/api): a list of a model's files at
// a revision, and the files.
//
// What comes is not trusted: names must be those of files below the folder,
// sizes are those that the list says, and each file is compared with the
// checksum that the server gave for it. A download that was cut off goes on
// where it ended.
package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/albert-search/albert-search/internal/errkind"
)

// DefaultEndpoint is where models are looked for if no other place is named.
const DefaultEndpoint = "https://huggingface.co"

// Client speaks with one server. The zero value speaks with DefaultEndpoint.
type Client struct {
	// Endpoint is the address of the server, DefaultEndpoint when empty.
	Endpoint string
	// Token is sent to that server, and to no other, to identify the user.
	Token string
	// Retries is how often a download that breaks off is taken up again
	// without anything having come, 4 when 0.
	Retries int
	// Pause is how long to wait before that, a second when 0; twice as long
	// each time.
	Pause time.Duration
	// Progress, if there is one, is told how many bytes of all files to be
	// downloaded have come.
	Progress func(done, total int64, file string)
}

// Snapshot is the files of a model at one revision.
type Snapshot struct {
	// Name is what the server calls the model, Revision the commit.
	Name, Revision string
	Files          []File
}

// File is a file of a snapshot.
type File struct {
	Name string
	// Size in bytes, -1 if the server does not say.
	Size int64
	// SHA256 is the file's checksum, or "". Blob is the SHA-1 that git has for
	// it, or "".
	SHA256, Blob string
}

// Checked reports whether there is a checksum to compare the file with.
func (f File) Checked() bool { return f.SHA256 != "" || f.Blob != "" }

// Error is an answer of the server other than what was asked for.
type Error struct {
	// Name is the model, URL what was asked for.
	Name, URL string
	Status    int
	// Token reports whether one was sent.
	Token bool
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s answers %d %s", e.URL, e.Status, http.StatusText(e.Status))
	switch e.Status {
	case http.StatusUnauthorized:
		if e.Token {
			return text + ": the token is not accepted; look at the one in HF_TOKEN"
		}
		return text + fmt.Sprintf(": either there is no model %s, or it needs a token: set HF_TOKEN to yours", e.Name)
	case http.StatusForbidden:
		return text + fmt.Sprintf(": access to %s must be granted to you on its page, and the token of that account be in HF_TOKEN", e.Name)
	case http.StatusNotFound:
		return text + fmt.Sprintf(": there is no model %s, or it has no such revision or file", e.Name)
	case http.StatusTooManyRequests:
		return text + ": the server wants fewer requests; try again later, or with a token in HF_TOKEN"
	}
	return text
}

// ErrorKind is the kind of the error for programs.
func (*Error) ErrorKind() string { return errkind.DownloadFailed }

// OfflineError is that the server could not be reached.
type OfflineError struct {
	Name, Endpoint string
	Err            error
}

func (e *OfflineError) Error() string {
	return fmt.Sprintf("%s cannot be reached for the model %s: %v", e.Endpoint, e.Name, e.Err)
}

func (e *OfflineError) Unwrap() error { return e.Err }

// ErrorKind is the kind of the error for programs.
func (*OfflineError) ErrorKind() string { return errkind.Offline }

// modelName is ORGANISATION/NAME, or for a few old models NAME.
var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$`)

// ValidName reports whether name can be that of a model.
func ValidName(name string) bool {
	return modelName.MatchString(name) && !strings.Contains(name, "..") && len(name) <= 200
}

func (c *Client) endpoint() string {
	if c.Endpoint == "" {
		return DefaultEndpoint
	}
	return strings.TrimRight(c.Endpoint, "/")
}

// shown is the endpoint as errors have it: without a password.
func (c *Client) shown() string { return redacted(c.endpoint()) }

func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the endpoint"
	}
	return u.Redacted()
}

// checkEndpoint makes sure that the endpoint is an address, and that nobody on
// the way to it can read the token.
func (c *Client) checkEndpoint() error {
	u, err := url.Parse(c.endpoint())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%q is not the address of a server, as %s", c.shown(), DefaultEndpoint)
	}
	if ip := net.ParseIP(u.Hostname()); c.Token != "" && u.Scheme == "http" && u.Hostname() != "localhost" && !ip.IsLoopback() {
		return fmt.Errorf("the token in HF_TOKEN is not sent to %s, where it could be read on the way: take https, or unset HF_TOKEN", c.shown())
	}
	return nil
}

// maxList is the longest list of files read.
const maxList = 32 << 20

// Find asks for the files of a model at a revision, a branch, tag or commit.
func (c *Client) Find(ctx context.Context, name, revision string) (*Snapshot, error) {
	if !ValidName(name) {
		return nil, fmt.Errorf("%q is not the name of a model, as albert/albert-base-v2", name)
	}
	if err := c.checkEndpoint(); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("%s/api/models/%s/revision/%s?blobs=true", c.endpoint(), name, url.PathEscape(revision))
	response, err := c.get(ctx, name, address, 0)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxList+1))
	if err != nil {
		return nil, &OfflineError{name, c.shown(), err}
	}
	s, err := parseList(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", redacted(address), err)
	}
	if s.Name == "" {
		s.Name = name
	}
	return s, nil
}

var (
	sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)
	sha1Hex   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// parseList reads the server's description of a model.
func parseList(text []byte) (*Snapshot, error) {
	if len(text) > maxList {
		return nil, fmt.Errorf("the list of files is longer than %d bytes", maxList)
	}
	var list struct {
		ID       string `json:"id"`
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
			Size *int64 `json:"size"`
			Blob string `json:"blobId"`
			LFS  *struct {
				SHA256 string `json:"sha256"`
				Size   *int64 `json:"size"`
			} `json:"lfs"`
		} `json:"siblings"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("the list of files: %w", err)
	}
	if !sha1Hex.MatchString(list.SHA) {
		return nil, fmt.Errorf("the list of files is of the commit %q, which is none", list.SHA)
	}
	if list.ID != "" && !ValidName(list.ID) {
		return nil, fmt.Errorf("the list of files is of %q, which is no model", list.ID)
	}
	s := &Snapshot{Name: list.ID, Revision: list.SHA}
	for _, e := range list.Siblings {
		if !fs.ValidPath(e.Name) || e.Name == "." || strings.ContainsAny(e.Name, "\\:\x00") {
			return nil, fmt.Errorf("the list of files has %q, which is no file below the folder: refused", e.Name)
		}
		f := File{Name: e.Name, Size: -1}
		size := e.Size
		if e.LFS != nil {
			if e.LFS.Size != nil {
				size = e.LFS.Size
			}
			if e.LFS.SHA256 != "" && !sha256Hex.MatchString(e.LFS.SHA256) {
				return nil, fmt.Errorf("the checksum of %s is %q, which is none", e.Name, e.LFS.SHA256)
			}
			f.SHA256 = e.LFS.SHA256
		} else if sha1Hex.MatchString(e.Blob) {
			f.Blob = e.Blob
		}
		if size != nil {
			if f.Size = *size; f.Size < 0 || f.Size > maxFile {
				return nil, fmt.Errorf("the size of %s is %d", e.Name, f.Size)
			}
		}
		s.Files = append(s.Files, f)
	}
	return s, nil
}

// maxFile is more than any file of a model is long.
const maxFile = 1 << 40

var shard = regexp.MustCompile(`^(model|pytorch_model)-\d+-of-\d+\.(safetensors|bin)$`)

// Needed are the files that importing a model takes: its configuration, its
// tokenizer, one form of its weights, the settings of sentence-transformers,
// and its card and licence.
func (s *Snapshot) Needed() []File {
	names := make(map[string]bool, len(s.Files))
	for _, f := range s.Files {
		names[f.Name] = true
	}
	has := func(name string) bool { return names[name] }
	var needed []File
	for _, f := range s.Files {
		dir, base := path.Split(f.Name)
		if dir != "" && (strings.Count(dir, "/") > 1 || !strings.HasPrefix(dir, "0_") && base != "config.json") {
			continue
		}
		switch base {
		case "config.json", "spiece.model", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json",
			"modules.json", "config_sentence_transformers.json", "sentence_bert_config.json", "sentence_albert_config.json",
			"README.md", "LICENSE", "LICENSE.txt",
			"model.safetensors":
		case "model.safetensors.index.json":
			if has(dir + "model.safetensors") {
				continue
			}
		case "pytorch_model.bin":
			if has(dir+"model.safetensors") || has(dir+"model.safetensors.index.json") {
				continue
			}
		case "pytorch_model.bin.index.json":
			if has(dir+"model.safetensors") || has(dir+"model.safetensors.index.json") || has(dir+"pytorch_model.bin") {
				continue
			}
		default:
			m := shard.FindStringSubmatch(base)
			if m == nil || has(dir+"model.safetensors") ||
				m[2] == "bin" && (has(dir+"pytorch_model.bin") || has(dir+"model.safetensors.index.json")) {
				continue
			}
		}
		needed = append(needed, f)
	}
	return needed
}

// Limits of waiting for a server; a download that goes on may take its time.
const (
	connectTimeout  = 15 * time.Second
	responseTimeout = 30 * time.Second
	stallTimeout    = 60 * time.Second
	maxRedirects    = 10
)

// get asks for an address, from a byte on.
func (c *Client) get(ctx context.Context, name, address string, from int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// Files must come as they are, or their sizes and ranges mean nothing.
	request.Header.Set("Accept-Encoding", "identity")
	request.Header.Set("User-Agent", "albert-search")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: responseTimeout,
		ForceAttemptHTTP2:     true,
		DisableKeepAlives:     true,
	}
	// The checksum stands in the answer that leads elsewhere.
	var linked string
	client := &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects {
			return fatal{errors.New("it leads from one address to the next")}
		}
		if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
			return fatal{fmt.Errorf("it leads to %s, which is not encrypted", next.URL.Redacted())}
		}
		if tag := next.Response.Header.Get("X-Linked-Etag"); tag != "" {
			linked = tag
		}
		if next.URL.Host != via[0].URL.Host {
			next.Header.Del("Authorization")
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if errors.As(err, new(fatal)) {
			return nil, err // there is a connection
		}
		return nil, &OfflineError{name, c.shown(), err}
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusPartialContent:
		if linked != "" {
			response.Header.Set("X-Linked-Etag", linked)
		}
		return response, nil
	}
	_ = response.Body.Close() // the status is what counts
	return nil, &Error{Name: name, URL: redacted(address), Status: response.StatusCode, Token: c.Token != ""}
}
