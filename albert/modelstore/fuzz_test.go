package modelstore

import (
	"io/fs"
	"testing"
)

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(`{"format":1,"name":"m","files":[{"name":"config.json","size":3,"sha256":""}]}`))
	f.Add([]byte(`{"format":1,"name":"m","files":[{"name":"../x"}]}`))
	f.Add([]byte(`{"format":2,"name":"m"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b, "m")
		if err != nil {
			return
		}
		for _, file := range r.Files {
			if !fs.ValidPath(file.Name) || r.Name != "m" {
				t.Errorf("accepted %+v", r)
			}
		}
	})
}
