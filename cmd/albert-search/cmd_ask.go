package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/cli"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/options"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// askOptions are the flags of ask.
type askOptions struct {
	MaxResults int
	Read       int
	Vimgrep    bool
	options.Answers
	options.Retrieval
	options.Filter
	options.Index
	Embedder, Reader options.Model
	options.Compute
}

func (o *askOptions) Flags() []cli.Flag {
	o.MaxResults, o.Embedder, o.Reader = 3, options.Embedder(), options.Reader()
	return cli.Join([]cli.Flag{
		{Name: "max-results", Short: "m", Setting: cli.Configured, Usage: "print at most `N` answers", To: cli.Int(&o.MaxResults, cli.AtLeast(1))},
		{Name: "read", Setting: cli.Unconfigured, Usage: "read the best `N` passages", Default: "20; 10 with a reader that does not judge relevance",
			To: cli.Int(&o.Read, cli.AtLeast(1))},
		vimgrepFlag(&o.Vimgrep),
	}, o.Answers.Flags(), o.Retrieval.Flags(), o.Filter.Flags(), o.Index.Flags(),
		[]cli.Flag{o.Embedder.Flag(), o.Reader.Flag()}, o.Compute.Flags())
}

func askCommand() *cli.Command {
	o := &askOptions{}
	return &cli.Command{
		Name:  "ask",
		Usage: "answer a question with the words of the documents",
		Args:  "QUESTION",
		Description: `Reads the passages that fit the question best. The exit code is 1 when none of them
answers it.`,
		Examples: []string{
			`albert-search ask "Who approved the budget?"`,
			`albert-search ask "Who approved the budget?" --path 'minutes/**' --json`,
			`albert-search ask "Who approved the budget?" --threshold 0.7`,
			`albert-search ask -m 1 --quiet "How many teeth has the driven wheel?"`,
		},
		Options: o,
		Check:   oneForm,
		Run:     func(ctx context.Context, c *cli.Call) error { return ask(ctx, c, o) },
	}
}

func ask(ctx context.Context, c *cli.Call, o *askOptions) error {
	s, err := newSession(c, &o.Index)
	if err != nil {
		return err
	}
	question, err := options.Text(c, "say what to ask")
	if err != nil {
		return err
	}
	request := albertsearch.AskRequest{
		Question: question, Mode: o.Mode, Fusion: o.Fusion, Filter: o.Filter.Filter, Limit: o.MaxResults, Read: o.Read,
	}
	parts := append(o.Retrieval.Models(&o.Embedder), &o.Reader, &o.Answers, &o.Compute)
	return s.withEngine(func(e *albertsearch.Engine) error {
		result, err := e.Ask(ctx, request)
		if err != nil {
			return err
		}
		return s.showAnswers(o, request, result)
	}, parts...)
}

func (s *session) showAnswers(o *askOptions, request albertsearch.AskRequest, result *albertsearch.AskResult) error {
	var err error
	switch {
	case s.JSON:
		err = s.PrintJSON(result)
	case o.Vimgrep:
		err = s.Print(func(w io.Writer) {
			for _, a := range s.worthShowing(result) {
				s.vimgrep(w, a.Citation, a.Text)
			}
		})
	case !result.Answered:
		err = s.Print(func(w io.Writer) { s.noAnswer(w, request, result) })
	default:
		err = s.Print(func(w io.Writer) {
			for i, a := range s.worthShowing(result) {
				if i > 0 {
					fmt.Fprintln(w)
				}
				s.answer(w, a)
			}
		})
	}
	if err != nil {
		return err
	}
	if !result.Answered {
		return cli.NotFound
	}
	if unread := coverage(result.Coverage); unread != "" && s.Verbose {
		s.Remark("%s.", unread)
	}
	return nil
}

// worthShowing are the answers that are printed.
func (s *session) worthShowing(result *albertsearch.AskResult) []albertsearch.Answer {
	switch {
	case s.Verbose:
		return result.Answers
	case !result.Answered:
		return nil
	}
	shown := result.Answers[:1:1]
	for _, a := range result.Answers[1:] {
		if a.Certainty != albertsearch.Unlikely { // others would only distract
			shown = append(shown, a)
		}
	}
	return shown
}

// noAnswer says that there is none, and how far that can be relied on.
func (s *session) noAnswer(w io.Writer, request albertsearch.AskRequest, result *albertsearch.AskResult) {
	fmt.Fprintln(w, s.Style(term.Bold).On("No answer found."))
	if result.Read == 0 && !request.Filter.IsZero() {
		s.paragraph(w, 0, "", "Nothing was found among the documents that pass the filters.", nil, term.Plain)
	}
	s.paragraph(w, 0, "", fmt.Sprintf("Read %s of %s.", cli.Plural(result.Read, "passage"),
		cli.Plural(result.Coverage.Documents-result.Coverage.Unread, "document")), nil, term.Plain)
	if unread := coverage(result.Coverage); unread != "" {
		s.paragraph(w, 0, "", unread+".", nil, term.Plain)
	}
	nearest := s.worthShowing(result)
	if len(nearest) > 0 {
		fmt.Fprintln(w, "\nWhat comes nearest:")
	}
	for _, a := range nearest {
		fmt.Fprintln(w)
		s.answer(w, a)
	}
}

const (
	answerIndent = 2
	supportShown = 3
)

func (s *session) answer(w io.Writer, a albertsearch.Answer) {
	s.paragraph(w, 0, a.Type, a.Text, []term.Range{{Start: 0, End: len(a.Text)}}, term.Answer)
	why := fmt.Sprintf("confidence %.2f", a.Confidence)
	if s.Verbose && a.Relevance != nil {
		why += fmt.Sprintf(", relevance %+.2f", *a.Relevance)
	}
	fmt.Fprintf(w, "%*s%s\n", answerIndent, "", s.Style(term.Dim).On(fmt.Sprintf("%s (%s)", a.Certainty, why)))
	s.paragraph(w, answerIndent, a.Type, a.Sentence, []term.Range{{Start: a.InSentence.Start, End: a.InSentence.End}}, term.Answer)
	s.head(w, answerIndent, a.Citation)
	// Passages of one page, or of a file without lines, have one place.
	places := []string{s.place(a.Citation)}
	for _, c := range a.Support {
		if place := s.place(c); !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	for i, place := range places[1:] {
		if i == supportShown && !s.Verbose {
			fmt.Fprintf(w, "%*salso in %d more (--verbose lists them)\n", answerIndent, "", len(places)-1-i)
			break
		}
		fmt.Fprintf(w, "%*salso in %s\n", answerIndent, "", place)
	}
}
