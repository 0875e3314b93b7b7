// Package vectorset has the collections of vectors on which searches are
// measured, and measures the memory they are read from.
package vectorset

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"

	"github.com/viterin/vek/vek32"

	"github.com/albert-search/albert-search/index"
)

// Read reads at most limit vectors of length dim from a file of float32,
// little-endian, and nothing else.
func Read(file string, dim, limit int) (vectors [][]float32, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for r := NewReader(bufio.NewReaderSize(f, 1<<20), dim); len(vectors) < limit; {
		v, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		vectors = append(vectors, v)
	}
	if len(vectors) == 0 {
		return nil, fmt.Errorf("%s has no vector of length %d", file, dim)
	}
	return vectors, nil
}

// Reader reads vectors of float32, little-endian, one after the other.
type Reader struct {
	r   io.Reader
	raw []byte
}

// NewReader reads vectors of length dim.
func NewReader(r io.Reader, dim int) *Reader { return &Reader{r, make([]byte, 4*dim)} }

// Next returns the next vector, io.EOF where there is no whole one any more.
func (r *Reader) Next() ([]float32, error) {
	if _, err := io.ReadFull(r.r, r.raw); err == io.ErrUnexpectedEOF {
		return nil, io.EOF
	} else if err != nil {
		return nil, err
	}
	v := make([]float32, len(r.raw)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.raw[4*i:]))
	}
	return v, nil
}

// Share is how much of another vector is mixed into one that is there already.
// bench/peers/inputs.py has the same.
const Share = 0.3

// Mix returns a vector near v: v with Share of the other, of length 1.
func Mix(v, other []float32) []float32 {
	mixed := vek32.MulNumber(other, Share)
	vek32.Add_Inplace(mixed, v)
	vek32.DivNumber_Inplace(mixed, vek32.Norm(mixed))
	return mixed
}

// Enlarge returns n vectors: those of base, and where these are too few the
// same again, each mixed with another one.
func Enlarge(base [][]float32, n int) [][]float32 {
	random := rand.New(rand.NewPCG(1, 2))
	all := make([][]float32, n)
	copy(all, base)
	for i := len(base); i < n; i++ {
		all[i] = Mix(base[i%len(base)], base[random.IntN(len(base))])
	}
	return all
}

// Clustered makes n vectors of length 1 that lie about clusters as those of
// texts do: about n/50 topics around a common centre, in each of which
// passages differ less and less in one dimension after the other.
func Clustered(random *rand.Rand, n, dim int) [][]float32 {
	draw := func(spread float64, about []float32) []float32 {
		v := make([]float32, dim)
		for j := range v {
			v[j] = float32(spread * random.NormFloat64() / math.Sqrt(1+float64(j)/20))
			if about != nil {
				v[j] += about[j]
			}
		}
		return v
	}
	centre := draw(0.5, nil)
	topics := make([][]float32, n/50+1)
	for i := range topics {
		topics[i] = draw(1, centre)
	}
	all := make([][]float32, n)
	for i := range all {
		all[i] = draw(0.7, topics[random.IntN(len(topics))])
		vek32.DivNumber_Inplace(all[i], vek32.Norm(all[i]))
	}
	return all
}

// perDocument is how many passages a document of Fill has.
const perDocument = 5

// Fill puts vectors into an index, as passages of documents of five, and
// publishes them. The Start of a passage is the number of its vector.
func Fill(ctx context.Context, s index.Writer, vectors [][]float32) error {
	const batch = 20_000 // passages
	for at := 0; at < len(vectors); {
		var b index.Batch
		for end := min(at+batch, len(vectors)); at < end; {
			n := at / perDocument
			d := index.Document{Info: index.Info{ID: strconv.Itoa(n), Path: fmt.Sprintf("/%d.txt", n), Type: strconv.Itoa(n * 37 % 100)}}
			for ; at < end && at/perDocument == n; at++ {
				d.Content = append(d.Content, index.Passage{Start: at, End: at + 1, Text: "x", Vector: vectors[at]})
			}
			b.Put = append(b.Put, d)
		}
		if err := s.Apply(ctx, b); err != nil {
			return err
		}
	}
	return s.Publish(ctx)
}

// Keep returns a filter that so many of a hundred documents of Fill pass.
func Keep(percent int) index.Filter {
	var f index.Filter
	if percent < 100 {
		for t := range percent {
			f.Types = append(f.Types, strconv.Itoa(t))
		}
	}
	return f
}

// Kept tells whether passage i passes the filter of Keep.
func Kept(percent, i int) bool { return i/perDocument*37%100 < percent }
