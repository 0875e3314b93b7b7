package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/albert-search/albert-search/eval"
)

func TestBadUseIsRefused(t *testing.T) {
	dir := t.TempDir()
	notSQuAD := filepath.Join(dir, "x.json")
	if err := os.WriteFile(notSQuAD, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string // in the message
	}{
		{[]string{"retrieval"}, "BEIR"},
		{[]string{"retrieval", dir}, dir},
		{[]string{"answers"}, "SQuAD"},
		{[]string{"answers", notSQuAD}, notSQuAD},
		{[]string{"calibrate"}, "SQuAD"},
		{[]string{"answers", "--unknown", notSQuAD}, "unknown"},
	} {
		a := app()
		a.Writer, a.ErrWriter = new(bytes.Buffer), new(bytes.Buffer)
		err := a.RunContext(t.Context(), append([]string{"albert-eval"}, c.args...))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v does not name %q", c.args, err, c.want)
		}
	}
}

func TestShow(t *testing.T) {
	report := answersReport{Reading: &eval.Part{Exact: 61.84, F1: 75.25, Total: 1568}}
	var out bytes.Buffer
	a := &cli.App{
		Writer: &out,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "json"}},
		Action: func(c *cli.Context) error { return show(c, report, report.table) },
	}
	if err := a.Run([]string{"x"}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "1568 questions  EM 61.8  F1 75.2") {
		t.Errorf("table: %s", got)
	}
	out.Reset()
	if err := a.Run([]string{"x", "--json"}); err != nil {
		t.Fatal(err)
	}
	var back answersReport
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || *back.Reading != *report.Reading || back.EndToEnd != nil {
		t.Errorf("JSON: %s (%v)", out.String(), err)
	}
}
