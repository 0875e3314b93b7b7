package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/eval"
	"github.com/albert-search/albert-search/qa"
)

// answersReport is what the answers command measures.
type answersReport struct {
	// Reading is with the question's own paragraph given.
	Reading *eval.Part `json:"reading,omitempty"`
	// EndToEnd is over all paragraphs as a collection.
	EndToEnd *eval.AnswerScores `json:"end_to_end,omitempty"`
	// Answerability is with half of the paragraphs taken out of it.
	Answerability *eval.Answerability `json:"answerability,omitempty"`
	Outcomes      []eval.Outcome      `json:"outcomes,omitempty"`
}

func answersCommand() *cli.Command {
	return &cli.Command{
		Name:      "answers",
		Usage:     "read each question's own paragraph, then ask all questions on the paragraphs as a collection, then on half of them",
		ArgsUsage: "SQUAD.json",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "sample", Usage: "ask only `N` questions, drawn with a fixed seed"},
			&cli.BoolFlag{Name: "only-reading", Usage: "leave out what needs an index"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return errors.New("answers: name one SQuAD file")
			}
			s, err := eval.ReadSQuAD(c.Args().First())
			if err != nil {
				return err
			}
			if n := c.Int("sample"); n > 0 {
				s = s.Sample(n)
			}
			var r answersReport
			if err := withReader(c, func(reader *albertsearch.Reader) error { return measure(c, reader, s, &r) }); err != nil {
				return err
			}
			return show(c, r, r.table)
		},
	}
}

func measure(c *cli.Context, reader *albertsearch.Reader, s *eval.SQuAD, r *answersReport) error {
	part, err := eval.Reading(c.Context, qa.New(reader.Spans, reader.Tokenizer, reader.Options), s)
	if err != nil {
		return err
	}
	r.Reading = &part
	// Each part takes minutes: show what there is.
	r.table(c.App.ErrWriter)
	if c.Bool("only-reading") {
		return nil
	}
	err = withParagraphs(c, reader, s, eval.All, func(ctx context.Context, e *albertsearch.Engine) error {
		outcomes, err := eval.EndToEnd(ctx, e, s, eval.All)
		scores := eval.Answers(outcomes)
		r.EndToEnd = &scores
		return err
	})
	if err != nil {
		return err
	}
	r.table(c.App.ErrWriter)
	return withParagraphs(c, reader, s, eval.Half, func(ctx context.Context, e *albertsearch.Engine) error {
		outcomes, err := eval.EndToEnd(ctx, e, s, eval.Half)
		judged := eval.JudgeAnswerability(outcomes)
		r.Answerability, r.Outcomes = &judged, outcomes
		return err
	})
}

func (r answersReport) table(w io.Writer) {
	if p := r.Reading; p != nil {
		fmt.Fprintf(w, "own paragraph given   %d questions  EM %.1f  F1 %.1f\n", p.Total, p.Exact, p.F1)
	}
	if s := r.EndToEnd; s != nil {
		fmt.Fprintf(w, "end to end            %d questions  EM %.1f  F1 %.1f  own paragraph @1 %.1f  @5 %.1f  @10 %.1f\n",
			s.Total, s.Exact, s.F1, s.Recall1, s.Recall5, s.Recall10)
	}
	if a := r.Answerability; a != nil {
		judgedTable(w, *a)
	}
}

func judgedTable(w io.Writer, a eval.Answerability) {
	fmt.Fprintf(w, "paragraph there       %d questions  answered %d, of those right %d\n", a.With, a.WithAnswered, a.WithRight)
	fmt.Fprintf(w, "paragraph taken out   %d questions  answered %d, of those right %d\n", a.Without, a.WithoutAnswered, a.WithoutRight)
	fmt.Fprintf(w, "confidence            AUC %.3f  AURC %.3f  calibration error %.3f\n", a.AUC, a.AURC, a.CalibrationError)
	for _, b := range a.Bins {
		if b.Answers > 0 {
			fmt.Fprintf(w, "  %.1f to %.1f  mean %.2f  %4d answers  %.2f right\n",
				b.From, b.To, b.Confidence, b.Answers, float64(b.Right)/float64(b.Answers))
		}
	}
}
