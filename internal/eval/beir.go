package eval

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxLine bounds a line of a BEIR file: 64 MiB.
const maxLine = 64 << 20

// BEIR is a retrieval test collection (Thakur et al. 2021, "BEIR") without its
// documents, which stay in the file that Corpus names.
type BEIR struct {
	// Corpus is the path of corpus.jsonl: one {"_id", "title", "text"} a line.
	Corpus string
	// Queries are those that have judgements, in the order of the file.
	Queries []Query
}

// Query is one query with the documents that are relevant to it.
type Query struct {
	ID, Text string
	Judgements
}

// ReadBEIR reads queries.jsonl and qrels/<split>.tsv of the folder dir.
func ReadBEIR(dir, split string) (*BEIR, error) {
	b := &BEIR{Corpus: filepath.Join(dir, "corpus.jsonl")}
	if _, err := os.Stat(b.Corpus); err != nil {
		return nil, fmt.Errorf("%s is not a BEIR folder: %w", dir, err)
	}
	var qrels map[string]Judgements
	err := readFile(filepath.Join(dir, "qrels", split+".tsv"), func(r io.Reader) (err error) {
		qrels, err = decodeQrels(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = readFile(filepath.Join(dir, "queries.jsonl"), func(r io.Reader) error {
		queries, err := decodeQueries(r)
		for _, q := range queries {
			if j, ok := qrels[q.ID]; ok {
				q.Judgements = j
				b.Queries = append(b.Queries, q)
				delete(qrels, q.ID)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(qrels) > 0 {
		return nil, fmt.Errorf("%s: %d queries of qrels/%s.tsv are not in queries.jsonl", dir, len(qrels), split)
	}
	if len(b.Queries) == 0 {
		return nil, fmt.Errorf("%s: there are no judgements in qrels/%s.tsv", dir, split)
	}
	return b, nil
}

func readFile(path string, decode func(io.Reader) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := decode(f); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// decodeQueries reads the lines of queries.jsonl: {"_id", "text"}. The queries
// have no Judgements yet.
func decodeQueries(r io.Reader) ([]Query, error) {
	var out []Query
	err := eachLine(r, func(line string) error {
		var q struct {
			ID   string `json:"_id"`
			Text string
		}
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return err
		}
		if q.ID == "" {
			return errors.New("no _id")
		}
		out = append(out, Query{ID: q.ID, Text: q.Text})
		return nil
	})
	return out, err
}

// decodeQrels reads judgements by query id: a heading, which may be missing,
// then a line of query id, document id and grade each, separated by tabs.
func decodeQrels(r io.Reader) (map[string]Judgements, error) {
	out := make(map[string]Judgements)
	heading := true
	err := eachLine(r, func(line string) error {
		fields := strings.Split(line, "\t")
		grade, err := strconv.Atoi(fields[len(fields)-1])
		if heading {
			heading = false
			if err != nil {
				return nil
			}
		}
		if len(fields) != 3 {
			return fmt.Errorf("%d columns, want query id, document id and grade", len(fields))
		}
		if err != nil {
			return fmt.Errorf("grade %q is not a whole number", fields[2])
		}
		if out[fields[0]] == nil {
			out[fields[0]] = make(Judgements)
		}
		out[fields[0]][fields[1]] = grade
		return nil
	})
	return out, err
}

// eachLine calls f with every line that is not blank.
func eachLine(r io.Reader, f func(line string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSuffix(lines.Text(), "\r")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", n+1, err)
	}
	return nil
}
