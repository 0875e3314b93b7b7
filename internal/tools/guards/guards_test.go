package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var toy = &tree{packages: []pack{
	{importPath: "m", path: ".", tests: []string{"TestAsk"}, benchmarks: []string{"BenchmarkAsk"}},
	{importPath: "m/index", path: "index"},
	{importPath: "m/index/local", path: "index/local", tests: []string{"TestRepair", "TestReaders"}, fuzz: []string{"FuzzSegment"}},
}}

func TestCommandsThatMatchNothing(t *testing.T) {
	for _, c := range []struct {
		line  string
		wrong int
	}{
		{"go test ./...", 0},
		{"go test -race -timeout 30m -run '^Test(Repair|Readers)$' ./index/local", 0},
		{"X=1 go test -run 'TestRepair|TestGone' ./index/... -v", 1},
		{"go test -run '^Test(Repair|Readers|Gone|Lost)$' ./index/local", 2},
		{"go test -skip '^TestRepair$' .", 1},
		{"go test -skip=TestRepair ./index/local", 0},
		{"go test -run '^$' -bench Ask .", 0},
		{"go test -run '^$' -bench Ask ./index/local", 1},
		{"go test -run TestRepair/once ./index/local | tail", 0},
		{"go test -fuzz Segment ./index/local", 0},
		{"go test ./index", 1},
		{"go test ./indices/...", 1},
		{"go test -run '(' .", 1},
		{"go test -run 'TestR.*s' ./index/local", 0},
		{"go test -run 'TestX.*s' ./index/local", 1},
	} {
		commands := commandsOf("here", c.line)
		if len(commands) != 1 {
			t.Fatalf("%s: %d commands", c.line, len(commands))
		}
		if wrong := toy.check(commands[0]); len(wrong) != c.wrong {
			t.Errorf("%s: %q, want %d", c.line, wrong, c.wrong)
		}
	}
}

func TestCommandsInText(t *testing.T) {
	text := "Run `go test -run\n'^TestA$' ./a` or:\n\n    X=1 \\\n        go test ./b\n\n```sh\ngo test ./c\n```\n\nNot go test ./d.\n"
	var got []string
	for _, c := range commandsOf("x", codeOf(text)) {
		got = append(got, c.packages...)
	}
	if want := []string{"./b", "./c", "./a"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAlternatives(t *testing.T) {
	for pattern, want := range map[string]int{
		"^Test(A|B)$": 2, "^Test(A|B)(C|D)$": 4, "TestRead|TestReads|TestWrite": 3, "^Test(Repair|Readers)$": 2,
		"Test.*": 1, "^TestA$": 1, "Test(A|B)*": 1,
	} {
		parts, err := alternatives(pattern)
		if err != nil || len(parts) != want {
			t.Errorf("%s: %v, %v, want %d", pattern, parts, err, want)
		}
	}
	if parts, err := alternatives("("); err == nil {
		t.Errorf("no error, but %v", parts)
	}
}

const output = `=== RUN   TestAsk
=== RUN   TestAsk/once
--- PASS: TestAsk (0.00s)
PASS
ok  	m	0.1s
?   	m/index	[no test files]
=== RUN   TestRepair
--- SKIP: TestRepair (0.00s)
=== RUN   TestReaders
=== RUN   FuzzSegment
=== RUN   FuzzSegment/seed#0
=== RUN   FuzzSegment/0123abc
    fault_test.go:223: EIO once: every 198. of 794 operations
| fault | runs | failures | seed |
|---|---|---|---|
| FailingDisk: EIO once | 12 | 0 | 17 |
| FailingDisk/of_a: EIO for good | 8 | 0 | 17 |
PASS
ok  	m/index/local	(cached)
`

func TestLog(t *testing.T) {
	counts, skips, wrong := readLog(output, toy)
	if got := fmt.Sprint(counts); got != "[{seeds of fuzz targets 2 false} {operations (torture) 794 true} {kinds of faults (torture) 2 true} {faults (torture) 20 true}]" || skips != 1 || len(wrong) > 0 {
		t.Errorf("%s, %q", got, wrong)
	}
	for _, c := range []struct{ cut, want string }{
		{"=== RUN   TestReaders\n", "TestReaders of index/local did not run"},
		{"=== RUN   FuzzSegment/seed#0\n=== RUN   FuzzSegment/0123abc\n", "FuzzSegment of index/local has no seeds, or did not run"},
		{"ok  \tm\t0.1s\n", "TestAsk of . did not run"},
	} {
		_, _, wrong := readLog(strings.Replace(output, c.cut, "", 1), toy)
		if len(wrong) == 0 || wrong[0] != c.want {
			t.Errorf("without %q: %q, want %q", c.cut, wrong, c.want)
		}
	}
}
