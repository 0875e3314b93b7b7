package pdf

import (
	"bytes"
	"testing"
)

func TestSandboxMemory(t *testing.T) {
	m := newSandboxMemory(10, 100<<20)
	want := []byte{}
	for size := uint64(0); size <= 100<<20; size = size*3 + 7 {
		got := m.Reallocate(size)
		if uint64(len(got)) != size || !bytes.HasPrefix(got, want) {
			t.Fatalf("%d bytes: got %d, with other content", size, len(got))
		}
		for i := len(want); i < len(got); i++ {
			if got[i] != 0 {
				t.Fatalf("%d bytes: byte %d is not zero", size, i)
			}
		}
		for i := range got {
			got[i] = byte(i%251 + 1)
		}
		want = bytes.Clone(got)
	}
	if m.Reallocate(100<<20+1) != nil {
		t.Error("more than the limit")
	}
	m.Free()
}
