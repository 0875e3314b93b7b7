package ort

import (
	"fmt"
	"os"
	"path/filepath"
)

// CacheVariable is the environment variable that names the program's cache
// folder.
const CacheVariable = "ALBERT_SEARCH_CACHE"

// CacheDir is the program's cache folder: what CacheVariable says, else
// albert-search in the user's cache folder.
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheVariable); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w; name one in the environment variable %s", err, CacheVariable)
	}
	return filepath.Join(dir, "albert-search"), nil
}

// installedPath is where Setup puts the library. The folder's name has the
// version, so that a later release of this program obtains its own.
func installedPath(cacheDir string) (string, error) {
	if cacheDir == "" {
		var err error
		if cacheDir, err = CacheDir(); err != nil {
			return "", err
		}
	}
	return filepath.Join(cacheDir, "onnxruntime", Version, libraryName()), nil
}
