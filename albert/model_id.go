package albert

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// contentID hashes the files of a model. Each is hashed under its name and
// length, so that no two different sets of files give the same bytes.
func contentID(fsys fs.FS) (string, error) {
	h := sha256.New()
	names, err := weightFiles(fsys)
	if err != nil {
		return "", err
	}
	names = append([]string{configFile}, names...)
	for _, name := range append(names,
		"spiece.model", "tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json",
	) {
		err := hashFile(h, fsys, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(h io.Writer, fsys fs.FS, name string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(h, "%s\x00%d\x00", name, info.Size()); err != nil {
		return err
	}
	n, err := io.Copy(h, f)
	if err == nil && n != info.Size() {
		err = fmt.Errorf("read %d of its %d bytes", n, info.Size())
	}
	return err
}
