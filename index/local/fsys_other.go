//go:build !unix

package local

// syncDir does nothing where folders cannot be synced: there a rename is
// durable by the file system's own journal.
func syncDir(string) error { return nil }
