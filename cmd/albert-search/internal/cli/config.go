package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// settings are the flags that a configuration file may set, whichever command
// has them: one of each name.
func settings(commands []*command) []*parsed {
	var out []*parsed
	for _, f := range allFlags(commands) {
		if f.Setting > Unconfigured && find(out, f.Name) == nil {
			out = append(out, f)
		}
	}
	return out
}

// configure sets the flags that neither the command line nor the environment
// sets: from the project's configuration, else from the user's.
func configure(flags, settings []*parsed) error {
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
	set := func(f *parsed) bool { return f.source != fromNowhere }
	for _, file := range files {
		before := slices.DeleteFunc(slices.Clone(flags), set)
		if err := applyConfig(before, settings, file, file == project); err != nil {
			return err
		}
	}
	return nil
}

// applyConfig sets the flags that a file names.
func applyConfig(flags, settings []*parsed, file string, project bool) error {
	var values map[string]any
	_, err := toml.DecodeFile(file, &values)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the configuration %s: %w", file, err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		known := findLong(settings, name)
		switch {
		case known == nil:
			return fmt.Errorf("configuration %s: there is no setting %q; the settings are %s", file, name, strings.Join(longNames(settings), ", "))
		case project && known.Setting == UserConfigured:
			return fmt.Errorf("configuration %s: %s names code that is run, which a project may not; "+
				"set it in your own configuration or the environment", file, name)
		}
		if f := findLong(flags, name); f != nil {
			if err := f.configure(values[name], filepath.Dir(file)); err != nil {
				return fmt.Errorf("configuration %s: %w", file, err)
			}
		}
	}
	return nil
}

// configure sets the flag to the value of a configuration file in the folder.
func (f *parsed) configure(value any, dir string) error {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, v := range list {
		text := fmt.Sprint(v)
		if f.Path && text != "" && !filepath.IsAbs(text) && (f.Address == nil || !f.Address(text)) {
			text = filepath.Join(dir, text)
		}
		if err := f.set(text, fromConfiguration); err != nil {
			return err
		}
	}
	return nil
}
