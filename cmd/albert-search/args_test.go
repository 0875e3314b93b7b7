package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestArrange(t *testing.T) {
	commands := (&program{}).app().Commands
	for in, want := range map[string]string{
		"":                                    "",
		"--help":                              "--help",
		"--version":                           "--version",
		"nonesuch x -m 5":                     "nonesuch x -m 5",
		"search x":                            "search -- x",
		"search x y -m 5":                     "search -m 5 -- x y",
		"search -m 5 x":                       "search -m 5 -- x",
		"search x --max-results=5 y":          "search --max-results=5 -- x y",
		"search x --json y --path *.md z":     "search --json --path *.md -- x y z",
		"search x -- -m 5":                    "search -- x -m 5",
		"search -- x":                         "search -- x",
		"search --path":                       "search --path",
		"search x --nope y":                   "search --nope -- x y",
		"--index dir --json search x":         "search --index dir --json -- x",
		"--index search status":               "status --index search",
		"-v search x":                         "search -v -- x",
		"index -":                             "index -- -",
		"index a -":                           "index -- a -",
		"search help":                         "search -- help",
		"--index dir serch x":                 "serch --index dir x",
		"search x -m5":                        "search -m=5 -- x",
		"-m5 search x":                        "search -m=5 -- x",
		"search x -qvm5":                      "search -q -v -m=5 -- x",
		"search x -qm 5":                      "search -q -m 5 -- x",
		"search x -qm=5":                      "search -q -m=5 -- x",
		"search -hm x":                        "search -h -m x",
		"search x -qz":                        "search -qz -- x",
		"search x -mode vector":               "search -mode vector -- x",
		"search x -m":                         "search -m",
		"search x --explain=false y":          "search --explain=false -- x y",
		"eval ask x --json":                   "eval ask --json -- x",
		"--json eval --seed 2 ask x":          "eval ask --json --seed 2 -- x",
		"eval --help":                         "eval --help",
		"eval aks x --json":                   "eval aks x --json",
		"search x --generate-bash-completion": "search x --generate-bash-completion",
	} {
		args := append([]string{"albert-search"}, strings.Fields(in)...)
		wanted := append([]string{"albert-search"}, strings.Fields(want)...)
		given := slices.Clone(args)
		if got := arrange(args, commands); !slices.Equal(got, wanted) {
			t.Errorf("arrange(%q) = %q, want %q", in, got[1:], want)
		}
		if !slices.Equal(args, given) {
			t.Errorf("arrange(%q) changed its argument", in)
		}
	}
}

func FuzzArrange(f *testing.F) {
	for _, seed := range []string{"", "search x -m 5", "-- -", "--index", "search --path -- -m", "- - - search", "-\xec \x92 \xbe"} {
		f.Add(seed)
	}
	commands := (&program{}).app().Commands
	f.Fuzz(func(t *testing.T, line string) {
		args := append([]string{"albert-search"}, strings.Fields(line)...)
		got := arrange(slices.Clone(args), commands)
		if last := got[len(got)-1]; last != "--" && isFlag(last) {
			t.Skip() // a value is missing, the rest does not matter
		}
		// No byte is lost or made up; dashes part flags.
		letters := func(words []string) string {
			all := []byte(strings.NewReplacer("-", "", "=", "").Replace(strings.Join(words, "")))
			slices.Sort(all)
			return string(all)
		}
		if letters(got) != letters(args) {
			t.Fatalf("got %q", got)
		}
	})
}

func TestDate(t *testing.T) {
	local := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.Local) }
	for in, want := range map[string]time.Time{
		"2024":                 local(2024, 1, 1),
		"2024-03":              local(2024, 3, 1),
		"2024-03-15":           local(2024, 3, 15),
		"2024-03-15T14:30:00Z": time.Date(2024, 3, 15, 14, 30, 0, 0, time.UTC),
	} {
		if got, err := date(in); err != nil || !got.Equal(want) {
			t.Errorf("date(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "24", "2024-13", "2024-02-30", "15.3.2024"} {
		if got, err := date(in); err == nil {
			t.Errorf("date(%q) = %v", in, got)
		}
	}
}
