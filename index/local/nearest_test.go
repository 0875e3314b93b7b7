package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/local/internal/segment"
	"github.com/albert-search/albert-search/internal/bitcode"
	"github.com/albert-search/albert-search/internal/vectorset"
)

// fillStore makes an index of vectors, of several segments of all sizes.
func fillStore(t testing.TB, dir string, vectors [][]float32) *Store {
	t.Helper()
	s, err := Create(t.Context(), dir, TestOptions{Settings: index.Settings{Dim: len(vectors[0])}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := vectorset.Fill(t.Context(), s, vectors); err != nil {
		t.Fatal(err)
	}
	return s
}

// hitsOf searches with or without codes.
func hitsOf(t testing.TB, s *Store, r index.Request, codes bool) []index.Hit {
	t.Helper()
	hits, err := s.nearest(t.Context(), r, codes)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// recall is the share of want that is in got.
func recall(got, want []index.Hit) float64 {
	n := 0
	for _, h := range want {
		if slices.Contains(got, h) {
			n++
		}
	}
	return float64(n) / float64(len(want))
}

// TestNearestRecall compares searches by codes with exact ones: the scores are
// the same, and of the passages few are missed, with filters no more than
// without. The vectors are fixed, and so is the result.
func TestNearestRecall(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	const rows, queries, dim = 30_000, 100, 256
	vectors := vectorset.Clustered(random, rows+queries, dim)
	vectors, asked := vectors[:rows], vectors[rows:]
	s := fillStore(t, t.TempDir(), vectors)
	coded := 0
	for _, seg := range s.now().segs {
		if seg.vecs[0].codes != nil {
			coded++
		}
	}
	if coded == 0 || len(s.now().segs) < 2 {
		t.Fatalf("%d of %d segments have codes", coded, len(s.now().segs))
	}
	for _, limit := range []int{10, 100} {
		all := 0.0
		for _, percent := range []int{100, 50, 10, 1} {
			var sum float64
			for _, q := range asked {
				r := index.Request{Vector: q, Limit: limit, Filter: vectorset.Keep(percent)}
				exact, got := hitsOf(t, s, r, false), hitsOf(t, s, r, true)
				if len(got) != limit {
					t.Fatalf("%d hits, want %d", len(got), limit)
				}
				for _, h := range got {
					if !vectorset.Kept(percent, h.Start) {
						t.Fatalf("passage %s does not pass the filter", h.ID)
					}
					if want := float64(vek32.Dot(q, vectors[h.Start])); h.Score != want {
						t.Fatalf("passage %s has score %g, want %g", h.ID, h.Score, want)
					}
				}
				if !slices.IsSortedFunc(got, index.Hit.Compare) {
					t.Fatalf("hits out of order: %v", got)
				}
				sum += recall(got, exact)
			}
			mean := sum / queries
			t.Logf("limit %d, %d %% pass: recall %.4f", limit, percent, mean)
			if percent == 100 {
				all = mean
			}
			if mean < 0.998 || mean < all {
				t.Errorf("limit %d, %d %% pass: recall %.4f, of all %.4f", limit, percent, mean, all)
			}
		}
	}
}

// TestNearestProcessors checks that the number of processors and the divisions
// of work that come with them change nothing. Many vectors are equal, so that
// ties are all over.
func TestNearestProcessors(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 24))
	vectors := vectorset.Clustered(random, 20_000, 64)
	for i := range vectors {
		vectors[i] = vectors[i%701]
	}
	s := fillStore(t, t.TempDir(), vectors)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, percent := range []int{100, 20} {
		for i := range 5 {
			r := index.Request{Vector: vectors[i*97], Limit: 50, Filter: vectorset.Keep(percent)}
			runtime.GOMAXPROCS(1)
			want := hitsOf(t, s, r, true)
			for n := 2; n <= 7; n++ {
				runtime.GOMAXPROCS(n)
				if got := scanTogether(t, s, r, runScan); !slices.Equal(got, want) {
					t.Errorf("%d processors find %v, one %v", n, got, want)
				}
			}
		}
	}
	// Searches at the same time do not disturb one another.
	runtime.GOMAXPROCS(4)
	var searching sync.WaitGroup
	for i := range 8 {
		r := index.Request{Vector: vectors[i*89], Limit: 20 + i, Filter: vectorset.Keep(100 - 10*i)}
		want := hitsOf(t, s, r, true)
		searching.Go(func() {
			for range 20 {
				if got := scanTogether(t, s, r, runScan); !slices.Equal(got, want) {
					t.Errorf("beside others %v is found, alone %v", got, want)
				}
			}
		})
	}
	searching.Wait()
}

// scanTogether calls f with a scan that all processors do, however little it is.
func scanTogether[T any](t testing.TB, s *Store, r index.Request, f func(*scan, context.Context) (T, error)) (got T) {
	v, err := s.acquire()
	if err != nil {
		t.Error(err)
		return got
	}
	defer v.release()
	set, err := v.filterSet(t.Context(), r.Filter)
	if err != nil {
		t.Error(err)
		return got
	}
	sc := newScan(v, r.Vector, set, r.Limit, true)
	sc.aloneBytes, sc.aloneDots = 0, 0
	if got, err = f(sc, t.Context()); err != nil {
		t.Error(err)
	}
	return got
}

func runScan(sc *scan, ctx context.Context) ([]index.Hit, error) {
	found, err := sc.run(ctx)
	return sc.view.hits(found), err
}

// TestNearestSample checks that a search that holds what its sample left out for
// of no account finds what one without a sample does.
func TestNearestSample(t *testing.T) {
	random := rand.New(rand.NewPCG(27, 28))
	vectors := vectorset.Clustered(random, 20_000, 64)
	s := fillStore(t, t.TempDir(), vectors)
	sampled, unsure := 0, 0
	for i := range 60 {
		r := index.Request{Vector: vectors[i*97], Limit: 1 + i, Filter: vectorset.Keep(100 - 10*(i%7))}
		scanTogether(t, s, r, func(sc *scan, ctx context.Context) (any, error) {
			var least candidate
			got, sure, err := sc.try(ctx, func() candidate {
				sc.prepare()
				least = sc.sample()
				return least
			})
			if err != nil {
				return nil, err
			}
			want, always, err := sc.try(ctx, func() candidate { return 0 })
			switch {
			case err != nil:
				return nil, err
			case !always:
				t.Error("unsure without a sample")
			case sure && !slices.Equal(got, want):
				t.Errorf("search %d finds %v, without the sample %v", i, got, want)
			case !sure:
				unsure++
			}
			if least > 0 {
				sampled++
			}
			// Nothing is above this.
			if _, sure, err := sc.try(ctx, func() candidate { return newCandidate(2, 0) }); err != nil || sure {
				t.Errorf("search %d leaves all codes out and is sure, %v", i, err)
			}
			return nil, nil
		})
	}
	t.Logf("%d searches with a sample, %d in vain", sampled, unsure)
	if sampled == 0 {
		t.Error("no search took a sample")
	}
}

// TestNearestDeleted deletes and replaces documents in segments with codes and
// searches for what was there, then for what is left after compaction.
func TestNearestDeleted(t *testing.T) {
	random := rand.New(rand.NewPCG(25, 26))
	const rows = 12_000
	vectors := vectorset.Clustered(random, rows, 64)
	dir := t.TempDir()
	s := fillStore(t, dir, vectors)
	gone := make(map[index.PassageID]bool)
	for round := range 4 {
		var b index.Batch
		for n := round; n < rows/5; n += 5 { // a fifth of the documents
			b.Delete = append(b.Delete, strconv.Itoa(n))
			for i := range 5 {
				gone[passageID(segment.Row(n*5+i))] = true
			}
		}
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < rows; i += 101 {
			r := index.Request{Vector: vectors[i], Limit: 10}
			exact, got := hitsOf(t, s, r, false), hitsOf(t, s, r, true)
			for _, h := range got {
				if gone[h.ID] {
					t.Fatalf("round %d: passage %s was deleted", round, h.ID)
				}
			}
			if n := recall(got, exact); n < 0.8 {
				t.Errorf("round %d, query %d: recall %g", round, i, n)
			}
		}
		if err := s.CheckCodes(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := s.now().segs[0]; n.vecs[0].codes == nil || len(n.Rows()) == rows {
		t.Errorf("no compaction, or no codes after it: %d rows", len(n.Rows()))
	}
	if err := s.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, dir)
	if err := errors.Join(r.Verify(t.Context()), r.CheckCodes(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestFilterSetsAreKept checks that a view remembers what passes a filter, and
// forgets before it remembers too much.
func TestFilterSetsAreKept(t *testing.T) {
	s := fillStore(t, t.TempDir(), vectorset.Clustered(rand.New(rand.NewPCG(1, 1)), 500, 8))
	v, err := s.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer v.release()
	set := func(percent int) *rowSet {
		t.Helper()
		set, err := v.filterSet(t.Context(), vectorset.Keep(percent))
		if err != nil {
			t.Fatal(err)
		}
		if set.count != 5*percent {
			t.Errorf("%d of 500 passages pass %d %%", set.count, percent)
		}
		return set
	}
	first := set(1)
	if set(1) != first {
		t.Error("not remembered")
	}
	for p := range keptSets {
		set(2 + p)
	}
	if set(1) == first || len(v.sets.sets) != keptSets || len(v.sets.keys) != keptSets {
		t.Errorf("remembers %d sets by %d keys", len(v.sets.sets), len(v.sets.keys))
	}
	before := len(v.sets.keys)
	for range 2 {
		if _, err := s.Keyword(t.Context(), index.Request{Query: query("text"), Limit: 5, Filter: vectorset.Keep(90)}); err != nil {
			t.Fatal(err)
		}
	}
	if key := fmt.Sprintf("%#v", vectorset.Keep(90)); len(v.sets.keys) != before || v.sets.keys[before-1] != key {
		t.Errorf("Keyword does not use what is remembered: %q", v.sets.keys)
	}
	if _, err := v.filterSet(t.Context(), index.Filter{Paths: []string{"["}}); err == nil {
		t.Error("no error for a malformed glob")
	}
}

// TestRowSet compares blocks with the rows they are made of, in segments with
// gaps.
func TestRowSet(t *testing.T) {
	s := mustCreate(t, t.TempDir())
	advance(t, s, 0, 60)
	v, err := s.acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer v.release()
	random := rand.New(rand.NewPCG(1, 3))
	for _, keep := range []float64{0, 0.1, 0.5, 1} {
		rows := v.live.Clone()
		for _, row := range rows.ToArray() {
			if random.Float64() >= keep {
				rows.Remove(row)
			}
		}
		set := v.newRowSet(rows)
		n := 0
		for i, seg := range v.vecs {
			mask := make([]uint16, bitcode.Blocks(len(seg.Rows))) // of what is in the set
			if set.blocks[i] != nil {
				numbers, passing := set.blocks[i], set.passing[i]
				for n, number := range numbers {
					mask[number] |= passing[n]
				}
				for n, bits := range mask {
					if bits == 0 {
						continue
					}
					if len(numbers) == 0 || len(passing) != len(numbers) || numbers[0] != uint32(n) || passing[0] != bits {
						t.Fatalf("keeping %g: the blocks from %d on are %v, %x", keep, n, numbers, passing)
					}
					numbers, passing = numbers[1:], passing[1:]
				}
				if len(numbers)+len(passing) > 0 {
					t.Errorf("keeping %g: blocks %v without anything", keep, numbers)
				}
			}
			for pos, row := range seg.Rows {
				in := set.counts[i] == len(seg.Rows)
				if set.blocks[i] != nil {
					in = mask[pos/bitcode.Block]>>(pos%bitcode.Block)&1 == 1
					mask[pos/bitcode.Block] &^= 1 << (pos % bitcode.Block)
				}
				if in != rows.Contains(uint32(row)) {
					t.Errorf("keeping %g: row %d in the set: %t", keep, row, in)
				}
				if in {
					n++
				}
			}
			if slices.Max(append(mask, 0)) != 0 {
				t.Errorf("keeping %g: positions %x that are not there", keep, mask)
			}
		}
		if n != set.count || uint64(n) != rows.GetCardinality() {
			t.Errorf("%d rows, the set says %d, the bitmap %d", n, set.count, rows.GetCardinality())
		}
	}
}

func TestCandidates(t *testing.T) {
	random := rand.New(rand.NewPCG(27, 28))
	for n := range 300 {
		c := candidates{limit: 1 + random.IntN(40)}
		var all []candidate
		for range n {
			score := float32(random.IntN(30)-15) / 4
			k := newCandidate(score, scanPlace(len(all)))
			if k.score() != score || k.place() != scanPlace(len(all)) {
				t.Fatalf("%g at %d became %g at %d", score, len(all), k.score(), k.place())
			}
			all = append(all, k)
			c.add(k)
			if f := c.floor(); c.least != 0 && f != c.least.score() {
				t.Fatalf("floor %g", f)
			}
		}
		slices.SortFunc(all, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(b.score(), a.score()), cmp.Compare(a.place(), b.place()))
		})
		got := slices.Clone(c.best())
		slices.Sort(got)
		slices.Reverse(got)
		if want := all[:min(n, c.limit)]; !slices.Equal(got, want) {
			t.Fatalf("the best %d of %d are %v, want %v", c.limit, n, got, want)
		}
	}
}

// TestCodesDerived takes codes away, damages them or puts others in their
// place: searches go on without, Verify tells, and the next writer makes them.
func TestCodesDerived(t *testing.T) {
	vectors := vectorset.Clustered(rand.New(rand.NewPCG(29, 30)), 3*codedRows, 32)
	dir := t.TempDir()
	if err := fillStore(t, dir, vectors).Close(); err != nil {
		t.Fatal(err)
	}
	r := index.Request{Vector: vectors[17], Limit: 10}
	want := hitsOf(t, mustOpen(t, dir), r, false)

	other := t.TempDir()
	if err := fillStore(t, other, vectors[1:]).Close(); err != nil {
		t.Fatal(err)
	}
	codesOf := func(dir string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(newestGen(t, dir), codesPrefix+"*"))
		if err != nil || len(found) != 1 {
			t.Fatalf("codes %q, %v", found, err)
		}
		return found[0]
	}
	foreign, err := os.ReadFile(codesOf(other))
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(codesOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		b := slices.Clone(good)
		b[at] ^= 4
		return b
	}
	header := slices.Clone(good)
	header[8]++ // as another version has it

	for name, content := range map[string][]byte{
		"missing": nil, "empty": {}, "cut": good[:len(good)-1], "longer": append(slices.Clone(good), 0),
		"of other vectors": foreign, "of another version": header, "centre": flip(codesHeader + 5), "header": flip(17),
	} {
		t.Run(name, func(t *testing.T) {
			path := codesOf(dir)
			if content == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				overwrite(t, path, content)
			}
			s := mustOpen(t, dir)
			if s.now().segs[0].vecs[0].codes != nil {
				t.Error("the codes are used")
			}
			if got := hitsOf(t, s, r, true); !slices.Equal(got, want) {
				t.Errorf("hits %v, want %v", got, want)
			}
			if err := s.Verify(t.Context()); !errors.Is(err, index.ErrDamaged) {
				t.Errorf("Verify: %v", err)
			}
			if err := s.CheckCodes(t.Context()); err != nil {
				t.Errorf("CheckCodes of what is not used: %v", err)
			}
			w, err := Create(t.Context(), dir, TestOptions{Settings: index.Settings{Dim: 32}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			s = mustOpen(t, dir)
			if err := errors.Join(s.Verify(t.Context()), s.CheckCodes(t.Context())); err != nil {
				t.Error(err)
			}
			if again, err := os.ReadFile(codesOf(dir)); err != nil || !slices.Equal(again, good) {
				t.Errorf("other codes than before, %v", err)
			}
			if s.now().segs[0].vecs[0].codes == nil {
				t.Error("the new codes are not used")
			}
		})
	}
	// A bit of the codes themselves: opening does not read them all.
	overwrite(t, codesOf(dir), flip(len(good)-200))
	s := mustOpen(t, dir)
	for name, err := range map[string]error{"Verify": s.Verify(t.Context()), "CheckCodes": s.CheckCodes(t.Context())} {
		if !errors.Is(err, index.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCodesOfOlderWriter opens an index that a program has written which knows
// no codes: it linked none.
func TestCodesOfOlderWriter(t *testing.T) {
	vectors := vectorset.Clustered(rand.New(rand.NewPCG(31, 32)), codedRows, 16)
	dir := t.TempDir()
	s, err := Create(t.Context(), dir, TestOptions{Settings: index.Settings{Dim: 16}, codedRows: math.MaxInt})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(vectorset.Fill(t.Context(), s, vectors), s.Close()); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, dir)
	if r.now().segs[0].vecs[0].codes != nil {
		t.Fatal("it has codes")
	}
	if w := fillMore(t, dir, 16); w.now().segs[0].vecs[0].codes == nil {
		t.Error("the writer has made no codes")
	}
	if err := r.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.now().segs[0].vecs[0].codes == nil {
		t.Error("the next generation has no codes")
	}
	if err := errors.Join(r.Verify(t.Context()), r.CheckCodes(t.Context())); err != nil {
		t.Error(err)
	}
}

// fillMore opens an index for writing and publishes what that changes.
func fillMore(t *testing.T, dir string, dim int) *Store {
	t.Helper()
	w, err := Create(t.Context(), dir, TestOptions{Settings: index.Settings{Dim: dim}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	if err := w.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

const (
	benchVectors = "ALBERT_SEARCH_BENCH_VECTORS" // file of float32 vectors of benchDim
	benchQueries = "ALBERT_SEARCH_BENCH_QUERIES" // the same of queries
	benchRows    = "ALBERT_SEARCH_BENCH_ROWS"    // number of vectors, repeated with changes where there are too few
)

// benchSet returns vectors and queries: those of the environment, or made up.
func benchSet(b *testing.B) (vectors, asked [][]float32) {
	b.Helper()
	rows, queries := 100_000, 100
	if n, err := strconv.Atoi(os.Getenv(benchRows)); err == nil {
		rows = n
	}
	if os.Getenv(benchVectors) == "" {
		all := vectorset.Clustered(rand.New(rand.NewPCG(1, 1)), rows+queries, benchDim)
		return all[:rows], all[rows:]
	}
	base, err := vectorset.Read(os.Getenv(benchVectors), benchDim, rows)
	if err != nil {
		b.Fatal(err)
	}
	if os.Getenv(benchQueries) == "" {
		base, asked = base[:len(base)-queries], base[len(base)-queries:]
	} else if asked, err = vectorset.Read(os.Getenv(benchQueries), benchDim, queries); err != nil {
		b.Fatal(err)
	}
	return vectorset.Enlarge(base, rows), asked
}

// BenchmarkAlone scans more and more codes by one processor and by all, in turn:
// x-alone is how many times as fast all are. Where it is about 1 is aloneBytes.
func BenchmarkAlone(b *testing.B) {
	vectors := vectorset.Clustered(rand.New(rand.NewPCG(1, 2)), 200_000, benchDim)
	for _, rows := range []int{25_000, 50_000, 100_000, 200_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := fillStore(b, b.TempDir(), vectors[:rows])
			var alone, together []time.Duration
			n, size := 0, 0
			search := func(least int, took *[]time.Duration) {
				r := index.Request{Vector: vectors[n*97%rows], Limit: 10}
				n++
				scanTogether(b, s, r, func(sc *scan, ctx context.Context) ([]hit, error) {
					sc.aloneBytes, size = least, sc.bytes
					began := time.Now()
					defer func() { *took = append(*took, time.Since(began)) }()
					return sc.run(ctx)
				})
			}
			for b.Loop() {
				for range 100 {
					search(math.MaxInt, &alone)
				}
				for range 100 {
					search(0, &together)
				}
			}
			b.ReportMetric(float64(median(alone).Nanoseconds()), "ns/op")
			b.ReportMetric(float64(median(alone))/float64(median(together)), "x-alone")
			b.ReportMetric(float64(size)/(1<<20), "MiB")
		})
	}
}

// BenchmarkNearest searches 100,000 vectors of 384 dimensions, one query at a
// time, by codes and by comparing with all (x-flat is how much faster codes
// are, the median of one over that of the other), with filters that let a
// share of the documents pass. The vectors are those of a file if the
// environment names one: ALBERT_SEARCH_BENCH_VECTORS, _QUERIES and _ROWS.
func BenchmarkNearest(b *testing.B) {
	vectors, asked := benchSet(b)
	s := fillStore(b, b.TempDir(), vectors)
	codes := float64(8*bitcode.BlockWords(benchDim)) / bitcode.Block // bytes a vector
	memory := vectorset.Bandwidth(512) / 1e9
	for _, limit := range []int{10, 100} {
		for _, percent := range []int{100, 50, 10, 1} {
			b.Run(fmt.Sprintf("top=%d/keep=%d%%", limit, percent), func(b *testing.B) {
				var fast, flat []time.Duration
				var sum float64
				timed := func(r index.Request, codes bool, took *[]time.Duration) []index.Hit {
					began := time.Now()
					hits := hitsOf(b, s, r, codes)
					*took = append(*took, time.Since(began))
					return hits
				}
				request := func(i int) index.Request {
					return index.Request{Vector: asked[i%len(asked)], Limit: limit, Filter: vectorset.Keep(percent)}
				}
				for i := range asked { // after which the filter is known, and the recall
					sum += recall(hitsOf(b, s, request(i), true), timed(request(i), false, &flat))
				}
				n := 0
				for b.Loop() { // some by codes, so that these are not always read after the vectors
					for range 10 {
						timed(request(n), true, &fast)
						n++
					}
					timed(request(n/10), false, &flat)
				}
				took := median(fast)
				b.ReportMetric(float64(took.Nanoseconds()), "ns/op")
				b.ReportMetric(float64(median(flat))/float64(took), "x-flat")
				b.ReportMetric(sum/float64(len(asked)), "recall")
				b.ReportMetric(codes, "bytes/vector")
				b.ReportMetric(codes*float64(len(vectors))/float64(took.Nanoseconds()), "GB/s-codes")
				b.ReportMetric(memory, "GB/s-memory")
			})
		}
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
