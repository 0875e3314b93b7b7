package plain_test

import (
	"strings"
	"testing"

	"github.com/albert-search/albert-search/ingest/extract/extracttest"
)

func TestCSV(t *testing.T) {
	tests := []struct{ name, file, src, want string }{
		{"commas", "a.csv", "boat,crew,built\nWren,3,1984\nTern,,1990\n", `header "boat\tcrew\tbuilt"
row "Wren\t3\t1984"
row "Tern\t\t1990"
`},
		{"semicolons and quotation marks", "a.csv", "\"boat\";\"what; where\"\r\nWren;\"a \"\"blue\"\" one;\nin two lines\"\r\n\r\nTern;x\r\n", `header "boat \t what; where"
row "Wren\t a  \"blue \" one;\nin two lines"
row "Tern\tx"
`},
		{"tabs", "a.tsv", "boat\tcrew\nWren, the\t3\n", `header "boat\tcrew"
row "Wren, the\t3"
`},
		{"bars under a title", "a.csv", "Boats of 1990\n\nboat|crew|x\nWren|3|y\nTern|4|z\n", `paragraph "Boats of 1990"
header "boat\tcrew\tx"
row "Wren\t3\ty"
row "Tern\t4\tz"
`},
		{"without a header", "a.csv", "1,Wren\n2,Tern\n", `row "1\tWren"
row "2\tTern"
`},
		{"an open quotation mark", "a.csv", "boat,size\n\"Wren,3\nTern,4\n", `header "boat\tsize"
row "\"Wren\t3"
row "Tern\t4"
`},
		{"one column", "a.csv", "boats\nWren\nTern\n", `code "boats\nWren\nTern"
`},
	}
	for _, tt := range tests {
		got := extracttest.Must(t, shared, tt.file, tt.src)
		if blocks := extracttest.Blocks(got); blocks != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, blocks, tt.want)
		}
		if len(got.Body) != len(tt.src) || strings.Count(got.Body, "\n") != strings.Count(tt.src, "\n") || !got.Verbatim {
			t.Errorf("%s: lines or columns are not those of the file: %q", tt.name, got.Body)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"a\";\"b\"\"c\nd\"\n\n1;2\r\n", "a\tb\n\"\t", "# x\na|b\n|\n\"\"\"|\"", ",,\n,\n"} {
		f.Add(seed)
	}
	extracttest.Fuzz(f, shared, "a.csv", nil)
}
