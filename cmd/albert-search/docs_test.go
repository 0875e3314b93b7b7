package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
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

func TestDocsHaveEveryFlag(t *testing.T) {
	sections := docs(t)
	shared := sections["Flags that several commands have"]
	if shared == "" {
		t.Fatal("the section about shared flags has another name")
	}
	for _, command := range leaves((&program{}).app().Commands, "") {
		text := section(t, sections, command.Name) + shared
		if strings.HasPrefix(command.Name, "eval ") {
			text += section(t, sections, "eval COMMAND")
		}
		for _, f := range command.Flags {
			for _, name := range f.Names() {
				dashes := "--"
				if len(name) == 1 {
					dashes = "-"
				}
				if !strings.Contains(text, "`"+dashes+name+"`") && !strings.Contains(text, "`"+dashes+name+" ") {
					t.Errorf("docs/cli.md, %s: %s%s is missing", command.Name, dashes, name)
				}
			}
			if env, ok := f.(cli.DocGenerationFlag); ok {
				for _, v := range env.GetEnvVars() {
					if !strings.Contains(sections["Configuration"], "`"+v+"`") {
						t.Errorf("docs/cli.md: the variable %s is missing", v)
					}
				}
			}
		}
		if !strings.Contains(command.Description, "Examples:\n") {
			t.Errorf("%s --help has no examples", command.Name)
		}
	}
}

// leaves are the commands that have none below them, by their full names.
func leaves(commands []*cli.Command, above string) []*cli.Command {
	var all []*cli.Command
	for _, c := range commands {
		leaf := *c
		leaf.Name = above + c.Name
		if len(c.Subcommands) > 0 {
			all = append(all, leaves(c.Subcommands, leaf.Name+" ")...)
			continue
		}
		all = append(all, &leaf)
	}
	return all
}

func TestDocsHaveEverySetting(t *testing.T) {
	text := docs(t)["Configuration"]
	for _, name := range settings {
		if !strings.Contains(text, "\n"+name+" = ") {
			t.Errorf("docs/cli.md: the setting %s is missing", name)
		}
	}
}

func TestDocsHaveEveryField(t *testing.T) {
	sections := docs(t)
	for command, types := range map[string][]any{
		"index":   {indexJSON{}, albertsearch.FileReport{}},
		"search":  {searchJSON{}},
		"ask":     {askJSON{}},
		"status":  {statusJSON{}},
		"remove":  {removeJSON{}},
		"setup":   {libraryJSON{}},
		"doctor":  {doctorJSON{}},
		"version": {versionJSON{}},

		"model import":   {modelRecordJSON{}},
		"model list":     {modelListJSON{}},
		"model info":     {modelBuiltinJSON{}},
		"model use":      {modelUseJSON{}},
		"model verify":   {modelVerifyJSON{}},
		"model remove":   {modelRemoveJSON{}},
		"eval retrieval": {evalRetrievalJSON{}, perQueryJSON{}},
		"eval reading":   {evalReadingJSON{}, readLine{}},
		"eval ask":       {evalAskJSON{}, askLine{}},
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
	for _, name := range fields(reflect.TypeOf(errorJSON{})) {
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
