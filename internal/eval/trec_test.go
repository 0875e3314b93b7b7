package eval_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/albert-search/albert-search/internal/eval"
)

func TestTREC(t *testing.T) {
	one := []eval.Ranking{{Query: "q2", Documents: []string{"b", "a", "c"}}, {Query: "q1", Documents: []string{"z"}}}
	two := []eval.Ranking{{Query: "q2", Documents: []string{"a"}}}
	var b bytes.Buffer
	for tag, rankings := range map[string][]eval.Ranking{"one": one, "two": two} {
		if err := eval.WriteTREC(&b, tag, rankings); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(b.String(), "q2 Q0 a 2 2 one\n") {
		t.Errorf("wrote %s", b.String())
	}
	got, err := eval.DecodeTREC(&b)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string][]eval.Ranking{"one": one, "two": two}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDecodeTRECOrdersByScore(t *testing.T) {
	got, err := eval.DecodeTREC(strings.NewReader("1 Q0 a 1 0.5 x\n1\tQ0\tb 2 1e1 x\r\n\n1 0 c 3 0.5 x\n"))
	if err != nil {
		t.Fatal(err)
	}
	// Of equal scores the later name is first.
	if d := strings.Join(got["x"][0].Documents, " "); d != "b c a" {
		t.Errorf("got %s", d)
	}
}

func TestTRECErrors(t *testing.T) {
	for file, want := range map[string]string{
		"1 Q0 a 1 2\n":                    "line 1: 5 columns",
		"1 Q0 a 1 2 x\n1 Q0 b 2 many x":   `line 2: score "many"`,
		"1 Q0 a 1 NaN x":                  "NaN",
		"1 Q0 a 1 2 x\n1 Q0 a 2 1 x":      "a is there twice",
		"{\"id\": \"1\", \"text\": \"\"}": "columns",
	} {
		if _, err := eval.DecodeTREC(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", file, err, want)
		}
	}
	if err := eval.WriteTREC(new(bytes.Buffer), "x", []eval.Ranking{{Query: "1", Documents: []string{"a b"}}}); err == nil {
		t.Error("a document with a blank in its name: no error")
	}
}

func FuzzDecodeTREC(f *testing.F) {
	f.Add("1 Q0 a 1 2 x\n1 Q0 b 2 1 x\n2 Q0 a 1 0 y\n")
	f.Add("1 Q0 a 1 Inf x\n\x00")
	f.Fuzz(func(t *testing.T, file string) {
		runs, err := eval.DecodeTREC(strings.NewReader(file))
		if err != nil {
			return
		}
		var b bytes.Buffer
		for tag, rankings := range runs {
			if err := eval.WriteTREC(&b, tag, rankings); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
		if again, err := eval.DecodeTREC(&b); err != nil || !reflect.DeepEqual(again, runs) {
			t.Fatalf("read %v, and again %v (%v)", runs, again, err)
		}
	})
}

func TestDecodeDistractors(t *testing.T) {
	const file = "plain text\n\n" + `{"id": 1, "text": "of a record"}` + "\n  third\n"
	got, err := eval.DecodeDistractors(strings.NewReader(file), 0)
	if err != nil || !reflect.DeepEqual(got, []string{"plain text", "of a record", "  third"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := eval.DecodeDistractors(strings.NewReader(file), 2); err != nil || len(got) != 2 {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{`{"text": 1}`, `{"id": "x"}`, "{"} {
		if _, err := eval.DecodeDistractors(strings.NewReader("x\n"+bad), 0); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func FuzzDecodeDistractors(f *testing.F) {
	f.Add("text\n{\"text\": \"x\"}\n", 1)
	f.Fuzz(func(t *testing.T, file string, limit int) {
		got, err := eval.DecodeDistractors(strings.NewReader(file), limit)
		if err == nil && limit > 0 && len(got) > limit {
			t.Fatalf("%d of at most %d", len(got), limit)
		}
	})
}

func TestWriteParagraphs(t *testing.T) {
	s := &eval.SQuAD{Paragraphs: []eval.Paragraph{{Text: "zero"}, {Text: "one"}, {Text: "two"}}}
	var b bytes.Buffer
	if err := s.WriteParagraphs(&b, eval.Half, []string{"more"}); err != nil {
		t.Fatal(err)
	}
	const want = `{"id":"0","text":"zero"}
{"id":"2","text":"two"}
{"id":"distractor 0","text":"more"}
`
	if b.String() != want {
		t.Errorf("got %s", b.String())
	}
}

func TestSample(t *testing.T) {
	all := []int{1, 2, 3, 4, 5, 6, 7, 8}
	if got := eval.Sample(all, 0, 1); len(got) != 8 {
		t.Errorf("without a number: %v", got)
	}
	got := eval.Sample(all, 5, 1)
	if len(got) != 5 || !reflect.DeepEqual(got, eval.Sample(all, 5, 1)) {
		t.Errorf("got %v", got)
	}
	for i := 1; i < len(got); i++ {
		if got[i] <= got[i-1] {
			t.Errorf("not in their order: %v", got)
		}
	}
	different := false
	for seed := range uint64(5) {
		different = different || !reflect.DeepEqual(got, eval.Sample(all, 5, seed))
	}
	if !different {
		t.Error("the seed makes no difference")
	}
}
