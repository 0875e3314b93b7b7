package extract

import (
	"fmt"
	"path"
	"strings"
)

// kind is what a file is taken for.
type kind struct {
	typ  string // Text.Type; empty for a kind that is not read
	name string // with its article, "a Word document"
}

// The kinds named in several places.
var (
	kindText     = kind{TypeText, "a text file"}
	kindCode     = kind{TypeCode, "source code"}
	kindData     = kind{TypeData, "a text file"}
	kindMarkdown = kind{TypeMarkdown, "a Markdown document"}
	kindHTML     = kind{TypeHTML, "an HTML page"}
	kindPDF      = kind{TypePDF, "a PDF document"}
	kindDOCX     = kind{TypeDOCX, "a Word document"}
)

// readByExtension lists the extensions of what is read.
func readByExtension(ext string) (kind, bool) {
	switch ext {
	case "txt", "text", "log", "rst", "rest", "org", "tex", "latex", "ltx", "bib", "srt", "vtt", "adoc",
		"asciidoc", "textile", "wiki", "mediawiki", "pod", "me", "man", "nfo", "asc":
		return kindText, true
	case "csv", "tsv", "json", "jsonl", "ndjson", "json5", "geojson", "yaml", "yml", "toml", "ini", "cfg", "conf",
		"properties", "env", "xml", "xsd", "xsl", "xslt", "plist", "po", "pot", "ics", "vcf":
		return kindData, true
	case "md", "markdown", "mdown", "mkd", "mdx", "qmd", "rmd":
		return kindMarkdown, true
	case "html", "htm", "xhtml", "xht":
		return kindHTML, true
	case "pdf":
		return kindPDF, true
	case "docx", "docm", "dotx", "dotm":
		return kindDOCX, true
	case "go", "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "m", "mm", "cs", "java", "kt", "kts", "scala",
		"groovy", "gradle", "py", "pyi", "pyx", "rb", "pl", "pm", "php", "js", "mjs", "cjs", "jsx", "ts", "tsx",
		"vue", "svelte", "rs", "swift", "zig", "nim", "d", "dart", "lua", "r", "jl", "hs", "lhs", "elm", "ml",
		"mli", "fs", "fsx", "ex", "exs", "erl", "hrl", "clj", "cljs", "edn", "lisp", "el", "scm", "rkt", "sh",
		"bash", "zsh", "fish", "ps1", "bat", "cmd", "awk", "sed", "sql", "proto", "graphql", "thrift", "asm",
		"s", "f", "f90", "f95", "f03", "pas", "v", "sv", "vhd", "vhdl", "tcl", "cmake", "mk", "make", "nix",
		"tf", "hcl", "css", "scss", "sass", "less", "diff", "patch", "gitignore", "dockerfile":
		return kindCode, true
	}
	return kind{}, false
}

// unsupportedByExtension names the kinds of file that are known and not read.
func unsupportedByExtension(ext string) string {
	switch ext {
	case "rtf":
		return "RTF document"
	case "doc", "dot":
		return "Word document of the old binary format"
	case "xls":
		return "Excel workbook of the old binary format"
	case "ppt":
		return "PowerPoint presentation of the old binary format"
	case "xlsx", "xlsm", "xltx":
		return "Excel workbook"
	case "pptx", "pptm", "potx":
		return "PowerPoint presentation"
	case "odt", "ott":
		return "OpenDocument text"
	case "ods":
		return "OpenDocument spreadsheet"
	case "odp":
		return "OpenDocument presentation"
	case "epub":
		return "EPUB book"
	case "mobi", "azw", "azw3":
		return "Kindle book"
	case "djvu":
		return "DjVu document"
	case "ps", "eps":
		return "PostScript"
	case "eml", "msg", "mbox":
		return "e-mail"
	case "ipynb":
		return "Jupyter notebook"
	case "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "heic", "ico", "psd", "avif", "svg":
		return "image"
	case "mp3", "wav", "flac", "ogg", "oga", "opus", "m4a", "aac":
		return "sound recording"
	case "mp4", "mkv", "avi", "mov", "webm", "mpg", "mpeg", "wmv":
		return "film"
	case "zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "jar", "war", "whl", "deb", "rpm", "iso", "dmg":
		return "archive"
	case "exe", "dll", "so", "dylib", "o", "a", "obj", "class", "pyc", "wasm", "bin":
		return "program code in binary form"
	case "ttf", "otf", "woff", "woff2":
		return "font"
	case "db", "sqlite", "sqlite3", "parquet", "npy", "npz", "onnx", "safetensors", "pt", "pkl":
		return "database or data set in binary form"
	}
	return ""
}

// byName knows files that have no extension by custom.
func byName(name string) (kind, bool) {
	switch strings.ToLower(name) {
	case "makefile", "gnumakefile", "dockerfile", "containerfile", "jenkinsfile", "rakefile", "gemfile", "cmakelists.txt":
		return kindCode, true
	}
	return kind{}, false
}

func baseName(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }

// classify decides what a file is. The extension says what to expect and the
// first bytes have to agree; without a known extension they decide alone.
func classify(in input) (kind, error) {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(in.name), "."))
	if k := unsupportedByExtension(ext); k != "" {
		return kind{}, &UnsupportedError{Kind: k}
	}
	if in.size <= 0 {
		return kind{}, ErrEmpty
	}
	want, known := byName(in.name)
	if !known {
		want, known = readByExtension(ext)
	}
	head, err := in.head(4096)
	if err != nil {
		return kind{}, err
	}
	got := sniff(in, head, want)
	switch {
	case !known && got.typ == "":
		return kind{}, &UnsupportedError{Kind: strings.TrimPrefix(strings.TrimPrefix(got.name, "an "), "a ")}
	case !known || got.typ == want.typ:
		return got, nil
	case want == kindDOCX && got.name == oleName:
		return kind{}, fmt.Errorf("%w, or in the format before 2007: it is %s", ErrEncrypted, oleName)
	case want.isText() && got.isText():
		return want, nil // text of one kind under the name of another is still text
	case want.isText() && got.name == binaryName:
		return want, nil // the decoder sees more of it
	}
	return kind{}, &MismatchError{Want: want.name, Got: got.name}
}

func (k kind) isText() bool { return k.typ != "" && k.typ != TypePDF && k.typ != TypeDOCX }
