package ingest

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ID is what the key of a document is made of: the file, and within a container
// the names of the members that lead to it.
type ID struct {
	// File is the slash-separated path as the file system has it, or the name
	// of a stream.
	File string
	// Members are the names as their containers have them, outermost first.
	Members []string
	// Number is not 0 for a part of the last of them that has no usable name:
	// which one it is, from 1.
	Number int
}

// String is the key: the file, '#' and a member, '#' and a member of that, and
// so on; for a part without a name, '\:' and its number at the end.
//
// Names can hold anything, but a key must be printable, in valid UTF-8, and
// another one for other names. A byte that is not part of UTF-8, a control
// character or a '#' of a name becomes \xHH, and a backslash becomes \\.
func (id ID) String() string {
	s := escape(id.File, true)
	for _, m := range id.Members {
		s = MemberID(s, m)
	}
	if id.Number > 0 {
		s = PartID(s, id.Number)
	}
	return s
}

// MemberID returns the key of a member of the container with the key id.
func MemberID(id, name string) string { return id + "#" + escape(name, true) }

// PartID returns the key of a part without a name of the container with the
// key id.
func PartID(id string, number int) string { return id + `\:` + strconv.Itoa(number) }

// ParseID takes a key apart.
func ParseID(s string) (ID, error) {
	var id ID
	var parts []string
	var part []byte
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '#':
			parts, part = append(parts, string(part)), nil
		case s[i] != '\\':
			part = append(part, s[i])
		case strings.HasPrefix(s[i:], `\\`):
			part = append(part, '\\')
			i++
		case strings.HasPrefix(s[i:], `\x`) && len(s) >= i+4:
			b, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil {
				return ID{}, errBadID
			}
			part = append(part, byte(b))
			i += 3
		case strings.HasPrefix(s[i:], `\:`):
			n, err := strconv.Atoi(s[i+2:])
			if err != nil || n < 1 || strconv.Itoa(n) != s[i+2:] {
				return ID{}, errBadID
			}
			id.Number, i = n, len(s)
		default:
			return ID{}, errBadID
		}
	}
	parts = append(parts, string(part))
	id.File, id.Members = parts[0], parts[1:]
	return id, nil
}

var errBadID = errors.New("not the ID of a document")

// FileID returns the key of the file that holds the document of the key id: the
// file itself where it is not a member.
func FileID(id string) string {
	for i := 0; i < len(id); i++ {
		switch {
		case id[i] == '#', strings.HasPrefix(id[i:], `\:`):
			return id[:i]
		case strings.HasPrefix(id[i:], `\\`):
			i++
		}
	}
	return id
}

// UpgradeID returns the ID that a document of version 0.1 has now, by the ID and
// the path that it had. A '#' was written as it is up to then, in the name of a
// file as in that of a record.
func UpgradeID(id, path string) string {
	escaped := func(s string) string { return strings.ReplaceAll(s, "#", `\x23`) }
	if rest, ok := strings.CutPrefix(id, path); ok && path != "" {
		if name, ok := strings.CutPrefix(rest, "#"); ok {
			return escaped(path) + "#" + escaped(name)
		}
		return escaped(path) + escaped(rest) // rest is the number of a line, if anything
	}
	// A record that says its path itself. Where its file ends, the name tells.
	file, name, ok := strings.Cut(id, "#")
	if !ok {
		return id
	}
	lower := strings.ToLower(id)
	for _, kind := range []string{".jsonl#", ".ndjson#"} {
		if i := strings.Index(lower, kind); i >= 0 && len(lower) == len(id) {
			at := i + len(kind)
			file, name = id[:at-1], id[at:]
			break
		}
	}
	return escaped(file) + "#" + escaped(name)
}

// IsWithin reports whether the document of the ID is the file, in it, or below the
// folder with the ID dir.
func IsWithin(id, dir string) bool {
	file := FileID(id)
	return file == dir || strings.HasPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}

// BelowID returns what the IDs begin with of documents that are in the file or
// below the folder with the ID id.
func BelowID(id string) []string {
	return []string{strings.TrimSuffix(id, "/") + "/", id + "#", id + `\:`}
}

// PathID returns the ID under which the file at path is offered: its absolute,
// slash-separated form as in ID.String. Symbolic links in it are not resolved:
// the name by which the user knows the file stays.
func PathID(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("making %q absolute: %w", path, err)
	}
	return ID{File: filepath.ToSlash(abs)}.String(), nil
}

// PrintablePath returns a path as it is shown and as filters match it: like an
// ID, but with a '#' as it is.
func PrintablePath(path string) string { return escape(path, false) }

func escape(name string, separator bool) string {
	plain := func(r rune) bool {
		return r != '\\' && r != utf8.RuneError && !unicode.IsControl(r) && (r != '#' || !separator)
	}
	if strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		switch {
		case r == '\\':
			b.WriteString(`\\`)
		case plain(r), r == utf8.RuneError && n > 1:
			b.WriteString(name[i : i+n])
		default:
			for _, c := range []byte(name[i : i+n]) {
				fmt.Fprintf(&b, `\x%02X`, c)
			}
		}
		i += n
	}
	return b.String()
}
