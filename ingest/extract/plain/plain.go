// Package plain reads files that are text as they are: prose, source code, and
// records such as JSON, and tables in text.
package plain

import (
	"bytes"
	"context"

	"github.com/albert-search/albert-search/ingest/extract"
	"github.com/albert-search/albert-search/ingest/extract/structure"
)

// Text returns the format of prose and logs, also reStructuredText, Org, LaTeX
// and subtitles. A text that nothing else is known of counts as one.
func Text() extract.Format {
	return extract.Format{
		Name: "text", Title: "a text file",
		MediaTypes: []string{"text/plain", "text/x-rst", "text/org", "application/x-tex", "text/vtt", "application/x-subrip"},
		Extensions: []string{
			"txt", "text", "log", "rst", "rest", "org", "tex", "latex", "ltx", "bib", "srt", "vtt", "adoc",
			"asciidoc", "textile", "wiki", "mediawiki", "pod", "me", "man", "nfo", "asc",
		},
		Text: true, Verbatim: true,
		Version: 2, Read: readProse,
	}
}

// Code returns the format of source code.
func Code() extract.Format {
	return extract.Format{
		Name: "code", Title: "source code",
		MediaTypes: []string{"text/x-source", "text/javascript", "text/css", "application/x-sh", "text/x-diff"},
		Extensions: []string{
			"go", "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "m", "mm", "cs", "java", "kt", "kts", "scala",
			"groovy", "gradle", "py", "pyi", "pyx", "rb", "pl", "pm", "php", "js", "mjs", "cjs", "jsx", "ts", "tsx",
			"vue", "svelte", "rs", "swift", "zig", "nim", "d", "dart", "lua", "r", "jl", "hs", "lhs", "elm", "ml",
			"mli", "fs", "fsx", "ex", "exs", "erl", "hrl", "clj", "cljs", "edn", "lisp", "el", "scm", "rkt", "sh",
			"bash", "zsh", "fish", "ps1", "bat", "cmd", "awk", "sed", "sql", "proto", "graphql", "thrift", "asm",
			"s", "f", "f90", "f95", "f03", "pas", "v", "sv", "vhd", "vhdl", "tcl", "cmake", "mk", "make", "nix",
			"tf", "hcl", "css", "scss", "sass", "less", "diff", "patch", "gitignore", "dockerfile",
		},
		Names: []string{"makefile", "gnumakefile", "dockerfile", "containerfile", "jenkinsfile", "rakefile", "gemfile", "cmakelists.txt"},
		Text:  true, Verbatim: true, Lines: extract.Preformatted,
		Sniff:   func(s *extract.Sample) bool { return bytes.HasPrefix(s.Head, []byte("#!")) },
		Version: 2, Read: readCode,
	}
}

// Data returns the format of records, which are read as they are.
func Data() extract.Format {
	return extract.Format{
		Name: "data", Title: "a text file",
		MediaTypes: []string{"application/json", "application/yaml", "application/toml", "application/xml", "text/calendar", "text/vcard"},
		Extensions: []string{
			"json", "jsonl", "ndjson", "json5", "geojson", "yaml", "yml", "toml", "ini", "cfg", "conf",
			"properties", "env", "xml", "xsd", "xsl", "xslt", "plist", "po", "pot", "ics", "vcf",
		},
		Text: true, Verbatim: true, Lines: extract.Preformatted,
		Version: 2, Read: readCode,
	}
}

// Of UTF-8 the Body is the file byte by byte without its byte order mark, line
// ends included; of other encodings it is the same lines in UTF-8.

func readProse(_ context.Context, in *extract.Input) (*extract.Text, error) {
	t, err := read(in)
	if err != nil {
		return nil, err
	}
	t.Blocks = structure.Prose(t.Body, nil)
	return t, nil
}

func readCode(_ context.Context, in *extract.Input) (*extract.Text, error) {
	t, err := read(in)
	if err != nil {
		return nil, err
	}
	t.Blocks = structure.Code(t.Body)
	return t, nil
}

func read(in *extract.Input) (*extract.Text, error) {
	d, err := in.ReadText("")
	if err != nil {
		return nil, err
	}
	return d.Document(), nil
}

// New makes a Text of prose that did not come from a file of its own.
func New(body string) *extract.Text {
	f := Text()
	return &extract.Text{Body: body, Type: f.Name, Version: f.Version, Blocks: structure.Prose(body, nil)}
}
