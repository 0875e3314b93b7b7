// Command study compares codes of vectors by how well they find the vectors
// nearest to a query, for the choice that docs/design.md tells of:
//
//	go run ./internal/tools/bitcodestudy -vectors FILE -queries FILE [-dim 384] [-n 27700,100000] [-m 200]
//
// Both files hold float32 vectors of length 1 and nothing else. Where more
// vectors are asked for than there are, they are repeated, each time mixed with
// three tenths of another. For each code it prints, for several numbers of
// vectors rescored, the recall@10 and @100: the share of the 10 (100) vectors
// nearest by dot product that are among the so many with the highest estimates.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/internal/bitcode"
	"github.com/albert-search/albert-search/internal/vectorset"
)

const depth = 100

var rescored = []int{100, 200, 300, 500, 1000, 2000}

func main() {
	vectors := flag.String("vectors", "", "file of vectors")
	queries := flag.String("queries", "", "file of query vectors")
	dim := flag.Int("dim", 384, "length of a vector")
	sizes := flag.String("n", "27700,100000", "numbers of vectors")
	m := flag.Int("m", 200, "number of queries")
	only := flag.Bool("chosen", false, "measure the code that package bitcode has, not the others")
	flag.Parse()
	if err := run(*vectors, *queries, *sizes, *dim, *m, *only); err != nil {
		fmt.Fprintln(os.Stderr, "study:", err)
		os.Exit(1)
	}
}

func run(vectors, queries, sizes string, dim, m int, only bool) error {
	base, err := vectorset.Read(vectors, dim, math.MaxInt)
	if err != nil {
		return err
	}
	asked, err := vectorset.Read(queries, dim, m)
	if err != nil {
		return err
	}
	for _, size := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return err
		}
		data := vectorset.Enlarge(base, n)
		fmt.Printf("\n%d vectors (%d real), %d queries\n", n, min(n, len(base)), len(asked))
		began := time.Now()
		exact := nearest(data, asked)
		fmt.Printf("%-34s %5d bytes %7.2f ns/vector on all processors\n", "flat", 4*dim, float64(time.Since(began).Nanoseconds())/float64(n*len(asked)))
		for _, c := range codes(data, only) {
			measure(c, data, asked, exact)
		}
	}
	return nil
}

// each calls f with the numbers below n, on all processors.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}

// nearest returns the numbers of the vectors nearest to each query.
func nearest(data, asked [][]float32) [][]int {
	found := make([][]int, len(asked))
	each(len(asked), func(i int) {
		scores := make([]float32, len(data))
		for j, v := range data {
			scores[j] = vek32.Dot(asked[i], v)
		}
		floor := kth(scores, depth)
		for j, s := range scores {
			if s >= floor {
				found[i] = append(found[i], j)
			}
		}
		slices.SortFunc(found[i], func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
		found[i] = found[i][:depth]
	})
	return found
}

// kth returns the k-th highest score.
func kth(scores []float32, k int) float32 {
	top := slices.Sorted(slices.Values(scores[:k]))
	for _, s := range scores[k:] {
		if s > top[0] {
			i, _ := slices.BinarySearch(top, s)
			copy(top, top[1:i])
			top[i-1] = s
		}
	}
	return top[0]
}

// code is a way to estimate dot products.
type code struct {
	name  string
	bytes int
	// estimate puts estimates of all vectors' products with q into scores.
	estimate func(q, scores []float32)
}

func measure(c code, data, asked [][]float32, exact [][]int) {
	var mu sync.Mutex
	var within10, within100 [8]int
	each(len(asked), func(i int) {
		scores := make([]float32, len(data))
		c.estimate(asked[i], scores)
		want := make([]float32, depth)
		for j, n := range exact[i] {
			want[j] = scores[n]
		}
		lowest := slices.Min(want)
		higher := make([]int, depth) // how many have a higher estimate
		for _, s := range scores {
			if s <= lowest {
				continue
			}
			for j, w := range want {
				if s > w {
					higher[j]++
				}
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for r, n := range rescored {
			for j, h := range higher {
				if h < n && j < 10 {
					within10[r]++
				}
				if h < n {
					within100[r]++
				}
			}
		}
	})
	scores := make([]float32, len(data))
	took := time.Hour
	for range 5 {
		began := time.Now()
		c.estimate(asked[0], scores)
		took = min(took, time.Since(began))
	}
	fmt.Printf("%-34s %5d bytes %7.2f ns/vector on one\n", c.name, c.bytes, float64(took.Nanoseconds())/float64(len(data)))
	for r, n := range rescored {
		fmt.Printf("    rescored %4d: recall@10 %.4f @100 %.4f\n", n,
			float64(within10[r])/float64(10*len(asked)), float64(within100[r])/float64(depth*len(asked)))
	}
}

func codes(data [][]float32, only bool) []code {
	dim := len(data[0])
	rotation := bitcode.NewRotation(dim)
	built := bitcode.Encode(dim, len(data), func(i int) []float32 { return data[i] })
	chosen := code{"1 bit, query 4 bits (bitcode)", bitcode.BlockWords(dim) / 2, func(q, scores []float32) {
		blocks := make([]uint32, bitcode.Blocks(len(data)))
		for i := range blocks {
			blocks[i] = uint32(i)
		}
		out, found := make([]float32, len(blocks)*bitcode.Block), make([]uint16, len(blocks))
		built.Scan(built.Query(rotation.Apply(q)), blocks, float32(math.Inf(1)), out, found)
		copy(scores, out)
	}}
	if only {
		return []code{chosen}
	}
	centred := make([][]float32, len(data)) // and rotated
	each(len(data), func(i int) {
		centred[i] = rotation.Apply(data[i])
		vek32.Sub_Inplace(centred[i], built.Centre)
	})
	rotated := func(q []float32) []float32 { return vek32.Sub(rotation.Apply(q), built.Centre) }
	same := func(q []float32) []float32 { return q }
	all := []code{
		signs("sign/sign", data, same),
		signs("sign/sign, centred and rotated", centred, rotated),
		chosen,
	}
	for _, b := range []int{2, 3, 4, 8} {
		all = append(all, levels(fmt.Sprintf("1 bit, query %d bits", b), rotation, centred, built.Centre, 1, b))
	}
	for _, b := range []int{1, 2, 4, 8} {
		all = append(all, levels(fmt.Sprintf("%d bits, query float", b), rotation, centred, built.Centre, b, 0))
	}
	return all
}

// signs compares signs with signs.
func signs(name string, data [][]float32, turn func([]float32) []float32) code {
	words := (len(data[0]) + 63) / 64
	pack := func(v []float32, into []uint64) {
		for j, x := range v {
			if x > 0 {
				into[j/64] |= 1 << (j % 64)
			}
		}
	}
	packed := make([]uint64, len(data)*words)
	each(len(data), func(i int) { pack(data[i], packed[i*words:][:words]) })
	return code{name, words * 8, func(q, scores []float32) {
		code := make([]uint64, words)
		pack(turn(q), code)
		for i := range scores {
			differ := 0
			for j, w := range packed[i*words:][:words] {
				differ += bits.OnesCount64(w ^ code[j])
			}
			scores[i] = -float32(differ)
		}
	}}
}

// quantise rounds v to 2^b levels, evenly spread over its range; as floats, so
// that all are measured alike.
func quantise(v []float32, b int) []float32 {
	step := max(vek32.Max(v), -vek32.Min(v)) / float32(int(1)<<b)
	out := make([]float32, len(v))
	if step == 0 {
		return out
	}
	for j, x := range v {
		n := math.Floor(float64(x/step)/2) + 0.5
		edge := float64(int(1)<<(b-1)) - 0.5
		out[j] = float32(2*min(max(n, -edge), edge)) * step
	}
	return out
}

// levels codes vectors with some bits a dimension and the query with others, 0
// for none, and corrects the length as bitcode does.
func levels(name string, rotation *bitcode.Rotation, centred [][]float32, centre []float32, b, queryBits int) code {
	coded := make([][]float32, len(centred))
	add := make([]float32, len(centred))
	each(len(centred), func(i int) {
		v := centred[i]
		coded[i] = quantise(v, b)
		add[i] = vek32.Dot(v, centre)
		if d := vek32.Dot(v, coded[i]); d > 0 {
			vek32.MulNumber_Inplace(coded[i], vek32.Dot(v, v)/d)
		}
	})
	return code{name, (len(centre)*b+7)/8 + 4, func(q, scores []float32) {
		turned := vek32.Sub(rotation.Apply(q), centre)
		if queryBits > 0 {
			turned = quantise(turned, queryBits)
		}
		for i, v := range coded {
			scores[i] = add[i] + vek32.Dot(turned, v)
		}
	}}
}
