package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/eval"
)

func calibrateCommand() *cli.Command {
	return &cli.Command{
		Name:      "calibrate",
		Usage:     "fit the calibration of a reader on questions of which half have lost their paragraph",
		ArgsUsage: "SQUAD.json...",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "sample", Value: 400, Usage: "questions of each file, drawn with a fixed seed"},
			&cli.StringFlag{Name: "name", Usage: "what the reader is called in the calibration", Value: "built-in reader"},
			&cli.StringFlag{Name: "o", Usage: "write the calibration to `FILE`"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return errors.New("calibrate: name one or more SQuAD files")
			}
			return withReader(c, func(reader *albertsearch.Reader) error { return calibrate(c, reader) })
		},
	}
}

func calibrate(c *cli.Context, reader *albertsearch.Reader) error {
	var asked []eval.Asked
	var files []string
	for _, path := range c.Args().Slice() {
		files = append(files, filepath.Base(path))
		s, err := eval.ReadSQuAD(path)
		if err != nil {
			return err
		}
		sample := s.Sample(c.Int("sample"))
		err = withParagraphs(c, reader, s, eval.Half, func(ctx context.Context, e *albertsearch.Engine) error {
			found, err := eval.FindPassages(ctx, e, sample.Questions, eval.Half)
			asked = append(asked, found...)
			return err
		})
		if err != nil {
			return err
		}
	}
	fit, err := eval.Calibrate(c.Context, reader.Spans, reader.Tokenizer, asked)
	if err != nil {
		return err
	}
	p := &fit.Calibration.Provenance
	p.Reader, p.Data = c.String("name"), files
	p.Command = fmt.Sprintf("albert-eval --precision %s calibrate --sample %d %s", c.String("precision"), c.Int("sample"), strings.Join(files, " "))
	if path := c.String("o"); path != "" {
		data, err := json.MarshalIndent(fit.Calibration, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
			return err
		}
	}
	return show(c, fit, func(w io.Writer) {
		for _, s := range fit.Weights {
			fmt.Fprintf(w, "weight of retrieval %4.0f  %d questions  EM %.1f  F1 %.1f\n", s.FusedWeight, s.Total, s.Exact, s.F1)
		}
		k := fit.Calibration
		fmt.Fprintf(w, "fitted on %d answers, %d right: weight %g, bias %.3f, weights %.3f, threshold %.3f\n",
			fit.Examples, fit.Right, k.FusedWeight, k.Bias, k.Weights, k.Threshold)
		judgedTable(w, fit.Judged)
	})
}
