package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/eval"
)

func retrievalCommand() *cli.Command {
	return &cli.Command{
		Name:      "retrieval",
		Usage:     "index the corpus of each BEIR folder and run its queries with every way to search",
		ArgsUsage: "DIR...",
		Flags:     []cli.Flag{&cli.StringFlag{Name: "split", Value: "test", Usage: "`NAME` of the judgements in qrels/"}},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return errors.New("retrieval: name one or more BEIR folders (corpus.jsonl, queries.jsonl, qrels/)")
			}
			scores := make(map[string][]eval.RetrievalScores)
			for _, dir := range c.Args().Slice() {
				b, err := eval.ReadBEIR(dir, c.String("split"))
				if err != nil {
					return err
				}
				err = withEngine(c, nil, b.Corpus, func(e *albertsearch.Engine) error {
					for _, system := range eval.Systems() {
						s, err := eval.Retrieval(c.Context, e, b.Queries, system)
						if err != nil {
							return fmt.Errorf("%s: %w", system, err)
						}
						scores[dir] = append(scores[dir], s)
					}
					return nil
				})
				if err != nil {
					return fmt.Errorf("%s: %w", dir, err)
				}
				// A collection takes minutes: show what there is.
				retrievalTable(c.App.ErrWriter, []string{dir}, scores)
			}
			return show(c, scores, func(w io.Writer) { retrievalTable(w, c.Args().Slice(), scores) })
		},
	}
}

func retrievalTable(w io.Writer, dirs []string, scores map[string][]eval.RetrievalScores) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "collection\tsystem\tqueries\tnDCG@10\trecall@100\tMAP@100\tMRR\tsuccess@5")
	for _, dir := range dirs {
		for _, s := range scores[dir] {
			fmt.Fprintf(t, "%s\t%s\t%d\t%.3f\t%.3f\t%.3f\t%.3f\t%.3f\n",
				filepath.Base(dir), s.System, s.Queries, s.NDCG10, s.Recall100, s.MAP100, s.MRR, s.Success5)
		}
	}
	t.Flush()
}
