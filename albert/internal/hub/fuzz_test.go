package hub

import (
	"io/fs"
	"testing"
)

func FuzzParseList(f *testing.F) {
	f.Add([]byte(`{"id":"a/b","sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"config.json","size":3,"blobId":"0123456789abcdef0123456789abcdef01234567"}]}`))
	f.Add([]byte(`{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{"rfilename":"../x","lfs":{"size":3}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseList(b)
		if err != nil {
			return
		}
		if s.Name != "" && !ValidName(s.Name) || !sha1Hex.MatchString(s.Revision) {
			t.Errorf("accepted %q at %q", s.Name, s.Revision)
		}
		for _, file := range s.Needed() {
			if !fs.ValidPath(file.Name) || file.Size < -1 {
				t.Errorf("accepted %+v", file)
			}
		}
	})
}
