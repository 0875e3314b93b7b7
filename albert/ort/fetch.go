package ort

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fetch brings the artifact's archive into the folder dir, which is empty, and
// returns the path of the archive. What it got is not verified.
func (a artifact) fetch(ctx context.Context, dir string) (string, error) {
	switch a.source {
	case fromRelease:
		return a.fetchRelease(ctx, dir)
	case fromPip:
		// Which Python this machine has does not matter: the library in the
		// wheel is the same for all, so one of them is named.
		return runFetcher(ctx, dir, "python3", "-m", "pip", "download",
			"--quiet", "--disable-pip-version-check", "--no-input", "--retries", "1",
			"--no-deps", "--only-binary=:all:", "--dest", dir,
			"--platform", a.origin, "--implementation", "cp", "--python-version", "3.13",
			"onnxruntime=="+Version)
	default:
		return runFetcher(ctx, dir, "npm", "pack", a.origin,
			"--silent", "--ignore-scripts", "--pack-destination", dir,
			"--fetch-retries", "1", "--fetch-retry-mintimeout", "1000")
	}
}

// Limits of waiting for a server; a download that goes on may take its time.
const (
	connectTimeout  = 10 * time.Second
	responseTimeout = 20 * time.Second
	stallTimeout    = 30 * time.Second
)

func (a artifact) fetchRelease(ctx context.Context, dir string) (file string, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(responseTimeout+stallTimeout, func() {
		cancel(fmt.Errorf("nothing came for %v", stallTimeout))
	})
	defer stalled.Stop()
	client := &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: responseTimeout,
		ForceAttemptHTTP2:     true,
	}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.origin, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", a.origin, response.Status)
	}
	file = filepath.Join(dir, "release.tgz")
	out, err := os.Create(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	// One byte more than it should have is enough to see that it is not it.
	body := io.LimitReader(response.Body, a.size+1)
	buffer := make([]byte, 64<<10)
	for {
		n, readErr := body.Read(buffer)
		stalled.Reset(stallTimeout)
		if _, err := out.Write(buffer[:n]); err != nil {
			return "", err
		}
		if readErr == io.EOF {
			return file, nil
		}
		if readErr != nil {
			return "", fmt.Errorf("download %s: %w", a.origin, errors.Join(readErr, context.Cause(ctx)))
		}
	}
}

// runFetcher runs a package manager that leaves one file in dir.
func runFetcher(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	// Not in a folder whose project settings the package manager would read.
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if errors.Is(err, exec.ErrNotFound) {
			return "", fmt.Errorf("there is no %s on this machine", name)
		}
		return "", fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args[:2]...), " "), err, lastLine(output.String()))
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("%s left %d files instead of one archive", name, len(files))
	}
	return filepath.Join(dir, files[0].Name()), nil
}

// lastLine is the last line of a program's output that says something, which
// is where package managers put what went wrong.
func lastLine(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return line
		}
	}
	return "(no message)"
}
