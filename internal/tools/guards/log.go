package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	ended   = regexp.MustCompile(`^(?:ok  |FAIL)\t(\S+)\t`)
	seeded  = regexp.MustCompile(`^=== RUN +(Fuzz[^/\s]*)/`)
	begun   = regexp.MustCompile(`^=== RUN +((?:Test|Fuzz|Example)[^/\s]*)$`)
	skipped = regexp.MustCompile(`^--- SKIP: ([^/\s]+) `)
	tried   = regexp.MustCompile(`: every \d+\. of (\d+) operations$`)
	fault   = regexp.MustCompile(`^\| (\S+: .+) \| (\d+) \| (\d+) \| \d+ \|$`)
)

// readLog counts what the output of go test -v ./... shows: that each test and fuzz
// target ran, the seeds of each target, and the faults of the torture. Tests that
// were skipped are counted, since they need a system, or a right, that not every
// machine has.
func readLog(text string, t *tree) (counts []count, skips int, wrong []string) {
	ran := map[string]map[string]int{} // by package and test: what ran below it
	current := map[string]int{}
	var seeds, operations, faults, runs int
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := begun.FindStringSubmatch(line); m != nil {
			current[m[1]] += 0
		} else if m := seeded.FindStringSubmatch(line); m != nil {
			current[m[1]]++
			seeds++
		} else if m := fault.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", line, err))
			}
			faults++
			runs += n
		} else if m := tried.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %v", line, err))
			}
			operations += n
		} else if skipped.MatchString(line) {
			skips++
		} else if m := ended.FindStringSubmatch(line); m != nil {
			ran[m[1]] = current
			current = map[string]int{}
		}
	}
	for _, p := range t.packages {
		have := ran[p.importPath]
		for _, name := range p.tests {
			if _, ok := have[name]; !ok {
				wrong = append(wrong, fmt.Sprintf("%s of %s did not run", name, p.path))
			}
		}
		for _, name := range p.fuzz {
			if have[name] == 0 {
				wrong = append(wrong, fmt.Sprintf("%s of %s has no seeds, or did not run", name, p.path))
			}
		}
	}
	counts = []count{
		{name: "seeds of fuzz targets", n: seeds}, {name: "operations (torture)", n: operations, varies: true},
		{name: "kinds of faults (torture)", n: faults, varies: true},
		{name: "faults (torture)", n: runs, varies: true},
	}
	if faults == 0 && strings.Contains(text, "--- SKIP: TestFailingDisk") {
		counts = counts[:1] // no FUSE here
	}
	return counts, skips, wrong
}
