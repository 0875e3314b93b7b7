package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/albert-search/albert-search/document"
	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local"
	"github.com/albert-search/albert-search/internal/vectorset"
	"github.com/albert-search/albert-search/rerank"
)

// indexFigures are what filling a store has measured.
type indexFigures struct {
	Seconds float64 `json:"seconds"`
	// LastSeconds is what the last tenth of the passages took.
	LastSeconds float64 `json:"last_tenth_seconds"`
	// PublishSeconds is the part of Seconds that publishing took.
	PublishSeconds float64 `json:"publish_seconds"`
	RssAnon        int64   `json:"rss_anon"`
	VMHWM          int64   `json:"vm_hwm"`
	Written        int64   `json:"bytes_written"`
	Segments       int     `json:"segments"`
	BleveSegments  int     `json:"bleve_segments"`
	// Bytes a passage, by what they are for.
	Text     float64 `json:"text_bytes"`
	Postings float64 `json:"postings_bytes"`
	Vectors  float64 `json:"vector_bytes"`
	Codes    float64 `json:"code_bytes"`
	// TextRounds and VectorRounds say how often the files were read again,
	// perturbed.
	TextRounds   int `json:"text_rounds"`
	VectorRounds int `json:"vector_rounds"`
}

// A batch, and when it is published, is as Engine.Index has it.
const (
	docPassages   = 4
	batchDocs     = 64
	publishEvery  = 5 * time.Second
	searchLimit   = 100
	queryWords    = 20
	shownPassages = 10
)

// indexStore fills a store.
func indexStore(ctx context.Context, c config) (f indexFigures, err error) {
	src, err := openSource(c, 1)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	stop, err := profile(c)
	if err != nil {
		return f, err
	}
	mem := watchMemory()
	s, err := local.New(c.store(), local.Options{}).Create(ctx, c.settings())
	if err != nil {
		return f, err
	}
	// A store that is not whole is made again: no error of closing matters then.
	defer s.Close()
	began, published := time.Now(), time.Now()
	var last time.Time
	for n := 0; n < c.n; {
		if last.IsZero() && n >= c.n-c.n/10 {
			last = time.Now()
		}
		var b index.Batch
		for len(b.Put) < batchDocs && n < c.n {
			d, err := makeDocument(src, n, min(docPassages, c.n-n))
			if err != nil {
				return f, err
			}
			b.Put = append(b.Put, d)
			n += len(d.Content)
		}
		if err := s.Apply(ctx, b); err != nil {
			return f, err
		}
		if time.Since(published) > publishEvery {
			at := time.Now()
			if err := s.Publish(ctx); err != nil {
				return f, err
			}
			published = time.Now()
			f.PublishSeconds += published.Sub(at).Seconds()
		}
	}
	if err := s.Close(); err != nil {
		return f, err
	}
	f.Seconds, f.LastSeconds = time.Since(began).Seconds(), time.Since(last).Seconds()
	stop()
	f.RssAnon, f.VMHWM = mem.peaks()
	f.Written = written()
	f.TextRounds, f.VectorRounds = src.textRounds, src.vectorRounds
	return f, f.sizes(c)
}

// makeDocument makes the document whose first passage is the n-th.
func makeDocument(src *source, n, passages int) (index.Document, error) {
	id := fmt.Sprintf("folder-%03d/document-%07d.txt", n/docPassages%1000, n/docPassages)
	d := index.Document{Info: index.Info{ID: id, Path: id, Type: "text", Modified: time.Unix(1_700_000_000, 0)}}
	at := 0
	for range passages {
		text, err := src.passage()
		if err != nil {
			return d, err
		}
		v, err := src.vector()
		if err != nil {
			return d, err
		}
		d.Content = append(d.Content, index.Passage{Start: at, End: at + len(text), Place: document.Place{Line: 1, Column: 1 + at}, Text: text, Vector: v})
		at += len(text) + 1
	}
	d.Title = firstWords(d.Content[0].Text, 5)
	d.Bytes = at
	d.Fingerprint = index.Fingerprint{Stat: document.Stat{Size: int64(at), ModTime: int64(n), ChangeTime: int64(n), Inode: uint64(n)}}
	return d, nil
}

func firstWords(text string, n int) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(n, len(words))], " ")
}

// sizes sums up the files of the newest generation.
func (f *indexFigures) sizes(c config) error {
	gens, err := filepath.Glob(filepath.Join(c.store(), "gen-*"))
	if err != nil || len(gens) == 0 {
		return errors.Join(err, fmt.Errorf("%s has no generation", c.store()))
	}
	n := float64(c.n)
	f.Vectors = float64(4 * c.dim)
	f.Text = -f.Vectors // they are in one file
	return filepath.WalkDir(slices.Max(gens), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		size := float64(fi.Size()) / n
		switch {
		case strings.HasPrefix(d.Name(), "codes-"):
			f.Codes += size
		case strings.HasPrefix(d.Name(), "seg-"):
			f.Segments++
			f.Text += size
		case filepath.Base(filepath.Dir(path)) == "postings":
			if filepath.Ext(path) == ".zap" {
				f.BleveSegments++
			}
			f.Postings += size
		default:
			f.Text += size
		}
		return nil
	})
}

// written is how many bytes the process has had written, as the kernel counts.
func written() int64 {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			n, _ := strconv.ParseInt(rest, 10, 64)
			return n
		}
	}
	return 0
}

// figures are what searching a store has measured, in milliseconds and bytes.
type figures struct {
	Open    float64   `json:"open_ms"`
	Keyword quantiles `json:"keyword_ms"`
	Vector  quantiles `json:"vector_ms"`
	// Hybrid is both one after the other, fusion, and reading the passages
	// that are shown.
	Hybrid quantiles `json:"hybrid_ms"`
	// List is going through all documents, as a run of Index begins with.
	List float64 `json:"list_ms"`
	// BleveShare is the part of the processor time of keyword searches in which
	// a function of Bleve, or of its libraries, is on the stack; negative where
	// it could not be told. bench/peers has the same.
	BleveShare float64 `json:"bleve_share"`
	RssAnon    int64   `json:"rss_anon"`
	VMHWM      int64   `json:"vm_hwm"`
}

type quantiles struct {
	First float64 `json:"first"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
}

func quantilesOf(ms []float64) quantiles {
	q := quantiles{First: ms[0]}
	ms = slices.Sorted(slices.Values(ms))
	at := func(p float64) float64 { return ms[min(int(p*float64(len(ms))), len(ms)-1)] }
	q.P50, q.P99 = at(.5), at(.99)
	return q
}

func milliseconds(since time.Time) float64 { return time.Since(since).Seconds() * 1000 }

// searchStore opens a store and searches it.
func searchStore(ctx context.Context, c config) (f figures, err error) {
	texts, vectors, err := queries(c)
	if err != nil {
		return f, err
	}
	mem := watchMemory()
	began := time.Now()
	store := local.New(c.store(), local.Options{})
	defer func() { err = errors.Join(err, store.Close()) }()
	s, err := store.Snapshot(ctx)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, s.Release()) }()
	f.Open = milliseconds(began)

	var keyword, vector, hybrid []float64
	for i := range texts {
		r := index.Request{Query: index.Query{Clauses: []index.Clause{{Text: texts[i]}}}, Vector: vectors[i], Limit: searchLimit}
		began := time.Now()
		words, err := s.Keyword(ctx, r)
		if err != nil {
			return f, err
		}
		keyword = append(keyword, milliseconds(began))
		half := time.Now()
		r.Query = index.Query{}
		near, err := s.Nearest(ctx, r)
		if err != nil {
			return f, err
		}
		vector = append(vector, milliseconds(half))
		fused, err := rerank.Fuse(rerank.Default,
			rerank.List{Weight: 1, Hits: words, Complete: len(words) < searchLimit},
			rerank.List{Weight: 1, Hits: near})
		if err != nil {
			return f, err
		}
		var ids []index.PassageID
		for _, h := range fused[:min(shownPassages, len(fused))] {
			ids = append(ids, h.ID)
		}
		if _, err := s.Passages(ctx, ids); err != nil {
			return f, err
		}
		hybrid = append(hybrid, milliseconds(began))
	}
	f.RssAnon, f.VMHWM = mem.peaks()
	f.Keyword, f.Vector, f.Hybrid = quantilesOf(keyword), quantilesOf(vector), quantilesOf(hybrid)

	if f.BleveShare, err = bleveShare(ctx, c, s, texts); err != nil {
		return f, err
	}
	began = time.Now()
	for _, err := range s.Documents(ctx, "") {
		if err != nil {
			return f, err
		}
	}
	f.List = milliseconds(began)
	return f, nil
}

// queries makes texts of passages all over the store, and vectors: those of
// the file, or those of passages, perturbed.
func queries(c config) (texts []string, vectors [][]float32, err error) {
	src, err := openSource(c, 2)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	var given [][]float32
	if c.queryVectors != "" {
		if given, err = vectorset.Read(c.queryVectors, c.dim, c.queries); err != nil {
			return nil, nil, err
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	// Every query is from its own stretch of the passages, which are not read
	// again past the end of the file.
	for i := range c.queries {
		for range 1 + random.IntN(97) {
			if _, err := src.passage(); err != nil {
				return nil, nil, err
			}
		}
		text, err := src.passage()
		if err != nil {
			return nil, nil, err
		}
		words := strings.Fields(text)
		from := 0
		if len(words) > queryWords {
			from = random.IntN(len(words) - queryWords)
		}
		texts = append(texts, strings.Join(words[from:min(from+queryWords, len(words))], " "))
		if given != nil {
			vectors = append(vectors, given[i%len(given)])
			continue
		}
		v, err := src.vector()
		if err != nil {
			return nil, nil, err
		}
		vectors = append(vectors, vectorset.Mix(v, src.randomVector()))
	}
	return texts, vectors, nil
}

// profile begins a CPU profile if the flags ask for one.
func profile(c config) (stop func(), err error) {
	if c.cpuprofile == "" {
		return func() {}, nil
	}
	file, err := os.Create(fmt.Sprintf("%s.%s.%d", c.cpuprofile, c.stage, c.n))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "scale:", err)
		}
	}, nil
}

// accounted is where pprof's text says what the filters leave.
var accounted = regexp.MustCompile(`accounting for [^,]+, ([0-9.]+)% of`)

// bleveShare profiles keyword searches and asks pprof for figures.BleveShare.
func bleveShare(ctx context.Context, c config, s index.Snapshot, texts []string) (_ float64, err error) {
	name := filepath.Join(c.out, "keyword.pprof")
	if c.cpuprofile != "" {
		name = fmt.Sprintf("%s.%s.%d", c.cpuprofile, c.stage, c.n)
	}
	file, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return 0, err
	}
	defer pprof.StopCPUProfile()
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		for _, text := range texts {
			r := index.Request{Query: index.Query{Clauses: []index.Clause{{Text: text}}}, Limit: searchLimit}
			if _, err := s.Keyword(ctx, r); err != nil {
				return 0, err
			}
		}
	}
	pprof.StopCPUProfile()
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=100000", "-nodefraction=0",
		"-focus=blevesearch", name).Output()
	m := accounted.FindSubmatch(out)
	if err != nil || m == nil {
		return -1, nil // no Go tools here, or hardly a sample
	}
	share, err := strconv.ParseFloat(string(m[1]), 64)
	return share / 100, err
}
