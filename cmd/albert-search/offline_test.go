package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// What is not asked to fetch something asks nothing of the network: nothing
// comes to the proxy that it is told of, and it does as well without a network,
// where the system can take it away from a program.
func TestOffline(t *testing.T) {
	u := newUser(t)
	var calls atomic.Int32
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { proxy.Close() })
	go func() {
		for {
			c, err := proxy.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			c.Close()
		}
	}()
	docs := filepath.Join(u.home, "docs")
	if err := os.Mkdir(docs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(docs, "gears.md"), []byte("# Gears\n\nThe large gear has 48 teeth.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(cmd *exec.Cmd, args []string) {
		t.Helper()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("albert-search %s: %v: %s", strings.Join(args, " "), err, out)
		}
	}
	for _, args := range [][]string{
		{"index", docs}, {"search", "gear"}, {"ask", "How many teeth does the large gear have?"},
		{"status"}, {"doctor"}, {"model", "list"},
	} {
		cmd := u.command(args...)
		for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
			cmd.Env = append(cmd.Env, name+"=http://"+proxy.Addr().String())
		}
		try(cmd, args)
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("%d connections to the proxy", n)
	}
	if err := exec.Command("unshare", "--net", "--map-root-user", "true").Run(); err != nil {
		t.Skipf("only what goes through a proxy was seen: the network cannot be taken away from a program here: %v", err)
	}
	for _, args := range [][]string{
		{"index", docs, "--force"}, {"search", "gear"}, {"ask", "How many teeth does the large gear have?"},
	} {
		cmd := u.command(append([]string{"--net", "--map-root-user", "albert-search"}, args...)...)
		path, err := exec.LookPath("unshare")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Args[0] = path, "unshare"
		try(cmd, args)
	}
}
