package local

import (
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
)

// TestFaultsAreErrors cuts a mapped file short and reads it in every way that
// searches do, in assembly too.
func TestFaultsAreErrors(t *testing.T) {
	dir, gen := stepsIndex(t, 12)
	segs, err := filepath.Glob(filepath.Join(gen, segPrefix+"*"))
	if err != nil || len(segs) == 0 {
		t.Fatal(err)
	}
	seg, err := openSegment(segs[len(segs)-1])
	if err != nil {
		t.Fatal(err)
	}
	defer seg.release()
	q := make([]float32, seg.dim)
	if err := os.Truncate(seg.path, 0); err != nil {
		t.Fatal(err)
	}
	var sum byte
	for name, read := range map[string]func(){
		"Go":       func() { sum += seg.data[0] },
		"copy":     func() { copy(make([]byte, 8), seg.data) },
		"vek32":    func() { vek32.Dot(q, seg.vector(0)) },
		"checksum": func() { crc32.Checksum(seg.data, castagnoli) },
		"passage":  func() { seg.passage(0) },
	} {
		err := func() (err error) {
			defer catchFaults(dir, &err)()
			read()
			return nil
		}()
		if !errors.Is(err, index.ErrDamaged) {
			t.Errorf("%s: error %v, want ErrDamaged", name, err)
		}
	}
	t.Log(sum) // or the compiler leaves the read out
}

func TestOtherPanicsPass(t *testing.T) {
	defer func() {
		if r := recover(); r != "a mistake" {
			t.Errorf("recovered %v", r)
		}
	}()
	var err error
	defer catchFaults("", &err)()
	panic("a mistake")
}
