//go:build !amd64

package bitcode

func scans() []scanner { return []scanner{{"plain", scanPlain}} }
