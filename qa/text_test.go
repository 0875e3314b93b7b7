package qa

import (
	"strings"
	"testing"
)

// The range is marked by ⟦ and ⟧; want is what tidy leaves of it.
func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"by ⟦Ada Lovelace,⟧ who":              "Ada Lovelace",
		"by⟦ Ada Lovelace ⟧who":               "Ada Lovelace",
		"in ⟦1843.⟧":                          "1843",
		"in ⟦1843.⟧ It was":                   "1843",
		"the ⟦U.S.⟧ It was":                   "U.S.",
		"the ⟦U.S⟧. It was":                   "U.S.",
		"for ⟦Apple Inc.⟧ was":                "Apple Inc.",
		"by ⟦John F.⟧ Kennedy":                "John F.",
		"cost ⟦$5 million⟧ then":              "$5 million",
		"is ⟦.5⟧ or so":                       ".5",
		"at ⟦-40⟧ degrees":                    "-40",
		"in ⟦C++⟧ and":                        "C++",
		"only ⟦20 %⟧ of":                      "20 %",
		"the ⟦(first⟧ of":                     "first",
		"the ⟦first)⟧ of":                     "first",
		"the ⟦World Health (WHO⟧) of":         "World Health (WHO)",
		"the ⟦World Health (WHO)⟧ of":         "World Health (WHO)",
		"the ⟦\"Moby Dick⟧\" of":              "\"Moby Dick\"",
		"the ⟦\"Moby Dick⟧ of\"":              "Moby Dick",
		"the ⟦Moby Dick\"⟧ of":                "Moby Dick",
		"the ⟦“Moby Dick⟧” of":                "“Moby Dick”",
		"the ⟦– long –⟧ dash":                 "long",
		"all ⟦.,;: ⟧ junk":                    "",
		"all ⟦⟧ empty":                        "",
		"in ⟦the '90s⟧ it":                    "the '90s",
		"⟦München;⟧ Berlin":                   "München",
		"see ⟦example.⟧com":                   "example.com",
		"now ⟦here.⟧Then":                     "here",
		"it is ⟦((x⟧":                         "x",
		"Japanese ⟦東京⟧です":                     "東京",
		"an un⟦believ⟧able one":               "unbelievable",
		"at ⟦£192⟧,300 and":                   "£192,300",
		"at £1⟦84⟧,600.50, and":               "£184,600.50",
		"pi is 3.⟦14⟧.":                       "3.14",
		"from ⟦9⟧:30 on":                      "9:30",
		"in ⟦1843⟧, 1844":                     "1843",
		"in ⟦Connect⟧icut":                    "Connecticut",
		"the ⟦cafe⟧\u0301s":                   "cafe\u0301s",
		"to /⟦srv/dump-7⟧, daily":             "/srv/dump-7",
		"to /srv/⟦dump⟧-7. Then":              "/srv/dump-7",
		"below /⟦etc⟧/ and":                   "/etc/",
		"in ~/⟦.ssh⟧/config":                  "~/.ssh/config",
		"`⟦/run/lock⟧`":                       "/run/lock",
		"with --⟦dry⟧-run it":                 "--dry-run",
		"with (-⟦q⟧) it":                      "-q",
		"with --⟦depth⟧=5 it":                 "--depth",
		"with --depth=⟦5⟧ it":                 "5",
		"at ⟦db2⟧.moor.example.":              "db2.moor.example",
		"port ⟦8080⟧ of":                      "8080",
		"http://db2:⟦8080⟧/x":                 "8080",
		"to <⟦post⟧+in@moor.example>.":        "post+in@moor.example",
		"is .⟦NET⟧ 7":                         ".NET",
		"the .⟦profile⟧ file":                 ".profile",
		"key is _⟦rowid⟧.":                    "_rowid",
		"very _⟦loud⟧_ noise":                 "loud",
		"sets max_⟦clients⟧ to":               "max_clients",
		"set $⟦HOME⟧ to":                      "$HOME",
		"was -⟦4.5⟧ °C":                       "-4.5",
		"was (-⟦40⟧)":                         "-40",
		"from 1939-⟦45⟧ on":                   "45",
		"from ⟦1884⟧-1920 on":                 "1884",
		"costs $⟦12⟧ each":                    "$12",
		"about ⟦12⟧% of":                      "12%",
		"up to ⟦80 km⟧/h on":                  "80 km/h",
		"⟦yes⟧/no":                            "yes",
		"see ⟦passwd⟧(5) for":                 "passwd(5)",
		"call ⟦close⟧() then":                 "close()",
		"in ⟦C⟧++, and":                       "C++",
		"in ⟦UTF⟧-8 text":                     "UTF-8",
		"the mid-⟦1990s⟧ and":                 "1990s",
		"use ⟦std⟧::sort to":                  "std::sort",
		"edit ⟦resolv⟧.conf now":              "resolv.conf",
		"since v⟦2.1⟧.0, and":                 "v2.1.0",
		"\u00a0⟦\u00a0thin\u2009space\u3000⟧": "thin\u2009space",
	} {
		before, rest, _ := strings.Cut(in, "⟦")
		inside, after, _ := strings.Cut(rest, "⟧")
		s := before + inside + after
		start, end := tidy(s, len(before), len(before)+len(inside))
		if got := s[start:end]; got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func FuzzTidy(f *testing.F) {
	f.Add("the U.S. (and “others”), said", 4, 26)
	f.Add("\"''\"((.)).", 0, 11)
	f.Add("a. B. c.", 3, 5)
	f.Add("\xff\xfe.\xff", 1, 3)
	f.Fuzz(func(t *testing.T, s string, start, end int) {
		if start < 0 || end < start || end > len(s) {
			t.Skip()
		}
		a, b := tidy(s, start, end)
		if a < 0 || b < a || b > len(s) {
			t.Fatalf("%q [%d:%d] became [%d:%d]", s, start, end, a, b)
		}
		if c, d := tidy(s, a, b); a < b && (c != a || d != b) {
			t.Fatalf("%q [%d:%d] became [%d:%d], then [%d:%d]", s, start, end, a, b, c, d)
		}
	})
}
