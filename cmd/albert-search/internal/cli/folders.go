package cli

import (
	"errors"
	"os"
	"path/filepath"
)

// projectFolder makes the folder that holds it, and all below, a project with
// an index and a configuration of its own.
const projectFolder = ".albert-search"

// ProjectFolder is the folder of what belongs to the project that the working
// folder is in; "" where it is in none.
func ProjectFolder() (string, error) { return findUp(isDir, projectFolder) }

// DataFolder is the folder of the program in the user's data folder.
func DataFolder() (string, error) {
	dir, err := xdgFolder("XDG_DATA_HOME", ".local/share")
	return filepath.Join(dir, "albert-search"), err
}

// findUp returns the path of the first of the names that fits, in the working
// folder or the nearest folder above it; "" where there is none.
func findUp(fits func(os.FileInfo) bool, names ...string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		for _, name := range names {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && fits(info) {
				return path, nil
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

func isDir(info os.FileInfo) bool  { return info.IsDir() }
func isFile(info os.FileInfo) bool { return info.Mode().IsRegular() }

// xdgFolder is a base folder of the XDG Base Directory Specification: what the
// variable says if that is absolute, else the fallback below the home folder.
func xdgFolder(variable, fallback string) (string, error) {
	if dir := os.Getenv(variable); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("the home folder is not known: HOME is not set")
	}
	return filepath.Join(home, filepath.FromSlash(fallback)), nil
}
