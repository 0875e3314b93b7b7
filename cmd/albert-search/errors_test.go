package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestLongErrorsAreCut(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		var out bytes.Buffer
		finish(t.Context(), errors.New("tensor "+strings.Repeat("é", 1<<20)), &out, asJSON)
		if out.Len() > maxMessage+200 || !strings.Contains(out.String(), "bytes more") || strings.ContainsRune(out.String(), '\uFFFD') {
			t.Errorf("%d bytes, with JSON: %v", out.Len(), asJSON)
		}
	}
}
