// Command gopeers does the work of bench/runner with other Go libraries, asked in
// the same way: hugot embeds texts and chromem-go searches vectors. It is a
// module of its own, so that the product does not depend on them.
//
// hugot runs on ONNX Runtime when this is built with the tag ORT, which needs
// libtokenizers (see build), and otherwise on its own backend in Go.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/knights-analytics/hugot"
	"github.com/knights-analytics/hugot/options"
	"github.com/knights-analytics/hugot/pipelines"
	chromem "github.com/philippgille/chromem-go"
)

func main() {
	var s server
	if err := s.serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gopeers:", err)
		os.Exit(2)
	}
}

type server struct {
	pipeline   *pipelines.FeatureExtractionPipeline
	batch      int
	collection *chromem.Collection
}

// request has the arguments of all operations.
type request struct {
	Op string

	// hugot.open
	Model, ONNX string
	Library     string // the folder of ONNX Runtime
	Threads     int
	Batch       int

	// hugot.embed: lines From to From+N of Texts
	Texts string
	Out   string

	// chromem.open: the first Rows vectors of a raw file; chromem.query: rows
	// From to From+N of Queries
	Vectors, Queries   string
	Dim, Rows, From, N int
	K                  int
}

type reply struct {
	Error   string    `json:"error,omitempty"`
	Seconds float64   `json:"seconds"`
	Each    []float64 `json:"each,omitempty"`
	IDs     [][]int   `json:"ids,omitempty"`
	Backend string    `json:"backend,omitempty"`
}

func (s *server) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	requests, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	for {
		var q request
		if err := requests.Decode(&q); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		r, err := s.do(ctx, q)
		if err != nil {
			r = reply{Error: err.Error()}
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
}

func (s *server) do(ctx context.Context, q request) (reply, error) {
	switch q.Op {
	case "hugot.open":
		return s.openHugot(q)
	case "hugot.embed":
		return s.embed(q)
	case "chromem.open":
		return s.openChromem(ctx, q)
	case "chromem.query":
		return s.query(ctx, q)
	}
	return reply{}, fmt.Errorf("there is no operation %q", q.Op)
}

func (s *server) openHugot(q request) (r reply, err error) {
	began := time.Now()
	r.Backend = "ONNX Runtime"
	session, err := hugot.NewORTSession(options.WithOnnxLibraryPath(q.Library), options.WithIntraOpNumThreads(q.Threads))
	if err != nil {
		r.Backend = "Go (" + err.Error() + ")"
		if session, err = hugot.NewGoSession(); err != nil {
			return r, err
		}
	}
	s.batch = q.Batch
	s.pipeline, err = hugot.NewPipeline(session, hugot.FeatureExtractionConfig{
		ModelPath: q.Model, OnnxFilename: q.ONNX, Name: "embedder",
		Options: []hugot.FeatureExtractionOption{pipelines.WithNormalization()},
	})
	r.Seconds = time.Since(began).Seconds()
	return r, err
}

// embed runs texts in batches of like length, the longest first.
func (s *server) embed(q request) (r reply, err error) {
	data, err := os.ReadFile(q.Texts)
	if err != nil {
		return r, err
	}
	texts := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[q.From : q.From+q.N]
	began := time.Now()
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(len(texts[b]), len(texts[a])) })
	vectors := make([][]float32, len(texts))
	for part := range slices.Chunk(order, s.batch) {
		batch := make([]string, len(part))
		for i, at := range part {
			batch[i] = texts[at]
		}
		found, err := s.pipeline.RunPipeline(batch)
		if err != nil {
			return r, err
		}
		for i, at := range part {
			vectors[at] = found.Embeddings[i]
		}
	}
	r.Seconds = time.Since(began).Seconds()
	if q.Out == "" {
		return r, nil
	}
	var raw []byte
	for _, v := range vectors {
		for _, x := range v {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
	}
	return r, os.WriteFile(q.Out, raw, 0o600)
}

// rows reads vectors of a raw file of float32.
func rows(file string, dim, from, n int) ([][]float32, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw := make([]byte, 4*dim*n)
	if _, err := f.ReadAt(raw, int64(4*dim*from)); err != nil {
		return nil, fmt.Errorf("read rows %d to %d of %s: %w", from, from+n, file, err)
	}
	all := make([][]float32, n)
	for i := range all {
		all[i] = make([]float32, dim)
		for j := range all[i] {
			all[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(i*dim+j):]))
		}
	}
	return all, nil
}

func (s *server) openChromem(ctx context.Context, q request) (r reply, err error) {
	vectors, err := rows(q.Vectors, q.Dim, 0, q.Rows)
	if err != nil {
		return r, err
	}
	began := time.Now()
	if s.collection, err = chromem.NewDB().CreateCollection("bench", nil, nil); err != nil {
		return r, err
	}
	documents := make([]chromem.Document, len(vectors))
	for i, v := range vectors {
		documents[i] = chromem.Document{ID: strconv.Itoa(i), Embedding: v}
	}
	err = s.collection.AddDocuments(ctx, documents, 1)
	r.Seconds = time.Since(began).Seconds()
	return r, err
}

func (s *server) query(ctx context.Context, q request) (r reply, err error) {
	queries, err := rows(q.Queries, q.Dim, q.From, q.N)
	if err != nil {
		return r, err
	}
	for _, v := range queries {
		began := time.Now()
		found, err := s.collection.QueryEmbedding(ctx, v, q.K, nil, nil)
		r.Each = append(r.Each, time.Since(began).Seconds())
		if err != nil {
			return r, err
		}
		ids := make([]int, len(found))
		for i, f := range found {
			if ids[i], err = strconv.Atoi(f.ID); err != nil {
				return r, err
			}
		}
		r.IDs = append(r.IDs, ids)
	}
	return r, nil
}
