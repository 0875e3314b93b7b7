package main

import (
	"io"
	"maps"
	"strings"
	"testing"
)

const output = `goos: linux
cpu: Some Processor
BenchmarkNearest/all-2         	      20	    812345 ns/op	         6.25 x-flat
BenchmarkNearest/half-2        	      20	    812345 ns/op	         3 x-flat	        16 B/op	       1 allocs/op
BenchmarkOther-2               	      20	    812345 ns/op
PASS
`

func TestParse(t *testing.T) {
	got, brand, err := (&file{Better: map[string]direction{"x-flat": more}}).parse(strings.NewReader(output))
	if err != nil || brand != "Some Processor" {
		t.Fatalf("processor %q, error %v", brand, err)
	}
	want := map[string]float64{"BenchmarkNearest/all x-flat": 6.25, "BenchmarkNearest/half x-flat": 3}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestKindOf(t *testing.T) {
	const info = "processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nstepping\t: 1\n\nprocessor\t: 1\nmodel\t\t: 3\n"
	if got := kindOf(info); got != "family 26 model 2 stepping 1" {
		t.Errorf("%q", got)
	}
	if got := kindOf("Processor: ARM\n"); got != "" { // has other numbers
		t.Errorf("%q", got)
	}
}

func TestReport(t *testing.T) {
	f := &file{Better: map[string]direction{"x-b": more, "x-walk": less}}
	for _, c := range []struct {
		name            string
		measured, known map[string]float64
		wrong           int
	}{
		{"half is tolerated", map[string]float64{"a x-b": 5}, map[string]float64{"a x-b": 10}, 0},
		{"less is not", map[string]float64{"a x-b": 4.9}, map[string]float64{"a x-b": 10}, 1},
		{"twice is tolerated where less is better", map[string]float64{"a x-walk": 4}, map[string]float64{"a x-walk": 2}, 0},
		{"more is not", map[string]float64{"a x-walk": 4.1}, map[string]float64{"a x-walk": 2}, 1},
		{"a new one", map[string]float64{"a x-b": 4.9}, map[string]float64{}, 0},
		{"one that is gone", map[string]float64{"a x-b": 4.9}, map[string]float64{"a x-b": 5, "c x-b": 1}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if wrong := f.report(io.Discard, c.measured, c.known); len(wrong) != c.wrong {
				t.Errorf("wrong: %q", wrong)
			}
		})
	}
}
