package ingest

import (
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PathID returns the ID under which Files offers the file at path: its
// absolute, slash-separated form. Symbolic links in it are not resolved: the
// name by which the user knows the file stays.
//
// Names on disk can hold anything, but an ID must be a printable key in valid
// UTF-8. A byte that is not part of UTF-8, or a control character, becomes
// \xHH, and a backslash becomes \\, so that different names have different IDs.
func PathID(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("making %q absolute: %w", path, err)
	}
	return EscapeName(filepath.ToSlash(abs)), nil
}

// EscapeName makes of the name of a file what stands for it in an ID; see PathID.
func EscapeName(path string) string {
	plain := func(r rune) bool {
		return r != '\\' && r != utf8.RuneError && !unicode.IsControl(r)
	}
	if strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case plain(r), r == utf8.RuneError && n > 1:
			b.WriteString(path[i : i+n])
		default:
			for _, c := range []byte(path[i : i+n]) {
				fmt.Fprintf(&b, `\x%02X`, c)
			}
		}
		i += n
	}
	return b.String()
}
