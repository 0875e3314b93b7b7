package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
)

// settings are the flags that a configuration file may set, for all commands
// that have them.
var settings = []string{
	"index", "onnxruntime", "threads", "color",
	"mode", "fusion", "max-results", "rerank", "rerank-depth", "reranking", "calibration", "threshold", "embedder", "reader",
	"include", "exclude", "hidden", "no-ignore",
	"max-text", "max-pages", "max-time", "max-memory", "max-expanded", "max-ratio", "max-entries", "max-depth",
}

// configure sets the flags that neither the command line nor the environment
// sets: from the project's configuration, else from the user's.
func configure(c *cli.Context) error {
	if err := checkFlags(c); err != nil {
		return err
	}
	project, err := findUp(isFile, ".albert-search.toml", filepath.Join(projectFolder, "config.toml"))
	if err != nil {
		return err
	}
	var files []string
	if project != "" {
		files = append(files, project)
	}
	// Without a home folder there is no user configuration.
	if dir, err := xdgFolder("XDG_CONFIG_HOME", ".config"); err == nil {
		files = append(files, filepath.Join(dir, "albert-search", "config.toml"))
	}
	for _, file := range files {
		if err := applyConfig(c, file, file == project); err != nil {
			return err
		}
	}
	return nil
}

func applyConfig(c *cli.Context, file string, project bool) error {
	var values map[string]any
	_, err := toml.DecodeFile(file, &values)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the configuration %s: %w", file, err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch {
		case !slices.Contains(settings, name):
			return fmt.Errorf("configuration %s: there is no setting %q; the settings are %s", file, name, strings.Join(settings, ", "))
		case project && name == "onnxruntime":
			// Whoever wrote a folder's files would have their code run here.
			return fmt.Errorf("configuration %s: onnxruntime names code that is run, which a project may not; "+
				"set it in your own configuration or the environment", file)
		}
		if err := applySetting(c, name, values[name], filepath.Dir(file)); err != nil {
			return fmt.Errorf("configuration %s: %s = %s: %w", file, name, shown(values[name]), err)
		}
	}
	return nil
}

// applySetting sets a flag if the command has it and nobody has set it yet.
// Paths are relative to the folder of the configuration.
func applySetting(c *cli.Context, name string, value any, dir string) error {
	if !hasFlag(c.Command, name) || c.IsSet(name) {
		return nil
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, v := range list {
		text := fmt.Sprint(v)
		if text == "" {
			return errors.New("it is empty")
		}
		if text != "" && slices.Contains([]string{"index", "onnxruntime", "calibration", "reranking"}, name) && !filepath.IsAbs(text) {
			text = filepath.Join(dir, text)
		}
		if err := c.Set(name, text); err != nil {
			return fmt.Errorf("it must be %s", expected(named(c.Command.Flags, name)))
		}
	}
	return checkValue(c, name)
}

// shown is a value as an error shows it: text in quotes.
func shown(value any) string {
	if text, ok := value.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	return fmt.Sprint(value)
}

func hasFlag(command *cli.Command, name string) bool {
	return slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return f.Names()[0] == name })
}

// checkFlags checks what the command line and the environment set.
func checkFlags(c *cli.Context) error {
	for _, f := range c.Command.Flags {
		name := f.Names()[0]
		if !c.IsSet(name) {
			continue
		}
		if err := checkValue(c, name); err != nil {
			return usagef(fullName(c), "--%s %s: %w", name, shown(c.Value(name)), err)
		}
	}
	if c.Bool("json") && c.Bool("vimgrep") {
		return usagef(fullName(c), "--json and --vimgrep: the output can have one form only")
	}
	if c.Bool("rerank") && c.Bool("no-rerank") {
		return usagef(fullName(c), "--rerank and --no-rerank: say one of them")
	}
	if mode := c.String("mode"); c.Bool("rerank") && c.IsSet("mode") && mode != string(albertsearch.Hybrid) {
		return usagef(fullName(c), "--rerank --mode %s: only the mode %s can be reranked", mode, albertsearch.Hybrid)
	}
	return nil
}

// noColor is what the environment says about colours.
func noColor() bool { return os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" }
