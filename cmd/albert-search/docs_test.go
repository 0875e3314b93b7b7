package main

import (
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/evalcmd"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/modelcmd"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
)

// docs returns the sections of docs/cli.md by their headings.
func docs(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split("\n"+string(data), "\n## ") {
		heading, text, _ := strings.Cut(part, "\n")
		sections[heading] = text
	}
	return sections
}

// section returns the section of a command.
func section(t *testing.T, sections map[string]string, command string) string {
	t.Helper()
	for heading, text := range sections {
		if heading == "albert-search "+command || strings.HasPrefix(heading, "albert-search "+command+" ") {
			return text
		}
	}
	t.Errorf("docs/cli.md has no section about %s", command)
	return ""
}

// app is the program, for its declarations.
func app() *cli.App { return program(nil, io.Discard, io.Discard) }

// All that is declared of a flag: it is in docs/cli.md, with its variable; the
// configuration has it or explicitly not; and it fills a field of the options.
func TestEveryFlag(t *testing.T) {
	sections := docs(t)
	shared := sections["Flags that several commands have"]
	if shared == "" {
		t.Fatal("the section about shared flags has another name")
	}
	commands := 0
	app().Visit(func(name string, c *cli.Command, flags []cli.Flag) {
		commands++
		text := section(t, sections, name) + shared
		if strings.HasPrefix(name, "eval ") {
			text += section(t, sections, "eval COMMAND")
		}
		for _, f := range flags {
			if !strings.Contains(text, "`--"+f.Name+"`") && !strings.Contains(text, "`--"+f.Name+" ") {
				t.Errorf("docs/cli.md, %s: --%s is missing", name, f.Name)
			}
			if f.Short != "" && !strings.Contains(text, "`-"+f.Short+"`") && !strings.Contains(text, "`-"+f.Short+" ") {
				t.Errorf("docs/cli.md, %s: -%s is missing", name, f.Short)
			}
			if f.Env != "" && !strings.Contains(sections["Configuration"], "`"+f.Env+"`") {
				t.Errorf("docs/cli.md: the variable %s is missing", f.Env)
			}
			inDocs := strings.Contains(sections["Configuration"], "\n"+f.Name+" = ")
			switch f.Setting {
			case cli.Undeclared:
				t.Errorf("%s: --%s does not say whether it may stand in a configuration", name, f.Name)
			case cli.Configured, cli.UserConfigured:
				if !inDocs {
					t.Errorf("docs/cli.md: the setting %s is missing", f.Name)
				}
			}
		}
		if len(c.Examples) == 0 {
			t.Errorf("%s --help has no examples", name)
		}
		if c.Options != nil {
			checkFields(t, name, c.Options, flags)
		}
	})
	if commands < 20 {
		t.Errorf("%d commands were seen", commands)
	}
}

// checkFields checks that each flag fills a field of the options, and that each
// field is filled by one flag.
func checkFields(t *testing.T, command string, o cli.Options, flags []cli.Flag) {
	t.Helper()
	filled := map[any]string{}
	for _, f := range flags {
		field := f.To.Field()
		if other, ok := filled[field]; ok {
			t.Errorf("%s: --%s and --%s fill one field", command, f.Name, other)
		}
		filled[field] = f.Name
	}
	common := len(flags)
	for _, field := range leafFields(reflect.ValueOf(o).Elem()) {
		if _, ok := filled[field]; ok {
			delete(filled, field)
			common--
		} else {
			t.Errorf("%s: no flag fills a field of the type %T", command, field)
		}
	}
	// Those that all commands have are not in the options.
	if common != 4 {
		t.Errorf("%s: %d flags fill no field of the options: %v", command, common-4, filled)
	}
}

// leafFields are pointers to the fields that flags may fill.
func leafFields(v reflect.Value) []any {
	switch {
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		var all []any
		for i := range v.Len() {
			all = append(all, leafFields(v.Index(i))...)
		}
		return all
	case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
		var all []any
		for i := range v.NumField() {
			if v.Type() == reflect.TypeFor[options.Model]() && v.Type().Field(i).Name == "Role" {
				continue // names the flag
			}
			if v.Type() == reflect.TypeFor[albertsearch.Filter]() && strings.HasSuffix(v.Type().Field(i).Name, "nnotated") {
				continue // for programs: no command annotates yet
			}
			all = append(all, leafFields(v.Field(i))...)
		}
		return all
	}
	return []any{reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Interface()}
}

func TestDocsHaveEveryField(t *testing.T) {
	sections := docs(t)
	for command, types := range map[string][]any{
		"index":   {albertsearch.IndexSummary{}, albertsearch.FileReport{}},
		"search":  {albertsearch.SearchResult{}},
		"ask":     {albertsearch.AskResult{}},
		"show":    {albertsearch.ShowResult{}},
		"status":  {albertsearch.Status{}},
		"check":   {albertsearch.CheckReport{}},
		"remove":  {albertsearch.RemoveResult{}},
		"setup":   {libraryJSON{}},
		"doctor":  {doctorJSON{}},
		"version": {versionJSON{}},

		"model import":   {modelcmd.RecordJSON{}},
		"model list":     {modelcmd.ListJSON{}},
		"model info":     {modelcmd.BuiltinJSON{}},
		"model use":      {}, // a field for each role
		"model verify":   {modelcmd.VerifyJSON{}},
		"model remove":   {modelcmd.RemoveJSON{}},
		"eval retrieval": {evalcmd.RetrievalJSON{}, evalcmd.PerQueryJSON{}},
		"eval reading":   {evalcmd.ReadingJSON{}, evalcmd.ReadLine{}},
		"eval ask":       {evalcmd.AskJSON{}, evalcmd.AskLine{}},
	} {
		text := section(t, sections, command)
		switch command {
		case "eval retrieval", "eval reading", "eval ask":
			text += section(t, sections, "eval COMMAND")
		case "ask":
			text += section(t, sections, "search") // citations and coverage
		case "doctor":
			text += section(t, sections, "version")
		}
		for _, v := range types {
			for _, name := range fields(reflect.TypeOf(v)) {
				if !strings.Contains(text, "`"+name+"`") {
					t.Errorf("docs/cli.md, %s: the field %s is missing", command, name)
				}
			}
		}
	}
	for _, name := range fields(reflect.TypeOf(cli.ErrorJSON{})) {
		if !strings.Contains(sections["Errors as JSON"], `"`+name+`"`) {
			t.Errorf("docs/cli.md: the field %s of an error is missing", name)
		}
	}
}

// fields are the names of the JSON fields of a type and those in it.
func fields(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return fields(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	var names []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name != "" {
			names = append(names, name)
		} else if !f.Anonymous {
			continue // time.Time and the like
		}
		names = append(names, fields(f.Type)...)
	}
	return names
}
