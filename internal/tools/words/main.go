// Command words looks for banned words: in comments, strings and names of Go
// files, and in documents and scripts. The words, and why, are in the table under
// "Banned words" in CONTRIBUTING.md.
//
//	go run ./internal/tools/words            fails when there are more than known
//	go run ./internal/tools/words -v         prints where they stand
//	go run ./internal/tools/words -record    writes how many there are into known.txt
//
// Words that stood in the texts before they were banned are counted in known.txt,
// which may only shrink.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	listPath  = "CONTRIBUTING.md"
	knownPath = "internal/tools/words/known.txt"
)

func main() {
	verbose := flag.Bool("v", false, "print where banned words stand")
	record := flag.Bool("record", false, "write how many there are into "+knownPath)
	flag.Parse()
	if err := run(os.Stdout, *verbose, *record); err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, verbose, record bool) error {
	list, err := os.ReadFile(listPath)
	if err != nil {
		return err
	}
	words, err := parseList(string(list))
	if err != nil {
		return fmt.Errorf("%s: %w", listPath, err)
	}
	files, err := tracked()
	if err != nil {
		return err
	}
	count := map[string]int{}
	where := map[string][]string{}
	searched := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // removed, and not yet committed
		}
		if err != nil {
			return err
		}
		searched++
		for _, f := range find(name, text, words) {
			count[f.word.name]++
			where[f.word.name] = append(where[f.word.name], fmt.Sprintf("%s:%d: %q: %s", name, f.line, f.word.name, f.word.advice()))
		}
	}
	if searched == 0 {
		return errors.New("there are no files to search")
	}
	if record {
		return os.WriteFile(knownPath, format(count), 0o644)
	}
	known, err := os.ReadFile(knownPath)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	before, err := parseKnown(string(known))
	if err != nil {
		return fmt.Errorf("%s: %w", knownPath, err)
	}
	var more []string
	fewer := 0
	for _, word := range slices.Sorted(maps.Keys(count)) {
		if verbose || count[word] > before[word] {
			for _, line := range where[word] {
				fmt.Fprintln(w, line)
			}
		}
		if count[word] > before[word] {
			more = append(more, fmt.Sprintf("%q: %d, known are %d", word, count[word], before[word]))
		}
	}
	for word, n := range before {
		fewer += max(n-count[word], 0)
	}
	if len(more) > 0 {
		return fmt.Errorf("banned words (%s says why): %s", listPath, strings.Join(more, "; "))
	}
	if fewer > 0 {
		fmt.Fprintf(w, "%d banned words fewer than known: write it down with go run ./internal/tools/words -record\n", fewer)
	}
	return nil
}

// tracked lists the files that are searched, or will be once they are committed:
// without what was written by others, is data, or quotes the words.
func tracked() ([]string, error) {
	out, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		// Where there is no repository, or one of another user's.
		return walked()
	}
	var files []string
	for name := range strings.SplitSeq(string(out), "\x00") {
		if searchable(name) {
			files = append(files, name)
		}
	}
	return files, nil
}

func walked() (files []string, err error) {
	err = filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == ".git" || path == "bin"):
			return filepath.SkipDir
		case d.Type().IsRegular() && searchable(filepath.ToSlash(path)):
			files = append(files, filepath.ToSlash(path))
		}
		return nil
	})
	return files, err
}

// searchable reports whether a file is searched for banned words.
func searchable(name string) bool {
	switch {
	case name == listPath, strings.HasPrefix(name, "internal/tools/words/"), strings.Contains("/"+name, "/testdata/"):
		return false
	case strings.HasPrefix(name, "scripts/"), name == ".ci/run", name == "Makefile":
		return true
	}
	switch filepath.Ext(name) {
	case ".go", ".md", ".py", ".yml", ".c", ".h":
		return true
	}
	return false
}

func format(count map[string]int) []byte {
	var out bytes.Buffer
	for _, word := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&out, "%d %s\n", count[word], word)
	}
	return out.Bytes()
}

func parseKnown(text string) (map[string]int, error) {
	known := map[string]int{}
	for line := range strings.Lines(text) {
		n, word, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		count, err := strconv.Atoi(n)
		if !ok || err != nil || count < 1 {
			return nil, fmt.Errorf("%q is not a number and a word", line)
		}
		known[word] = count
	}
	return known, nil
}
