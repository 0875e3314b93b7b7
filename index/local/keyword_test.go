package local

import (
	"context"
	"fmt"
	"github.com/albert-search/albert-search/index/local/internal/postings"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	bleve "github.com/blevesearch/bleve_index_api"

	"github.com/albert-search/albert-search/index"
	"github.com/albert-search/albert-search/index/analysis"
)

// plainKeyword is Keyword without haste: one posting after the other through
// Bleve's own reader, into arrays of all passages.
func plainKeyword(ctx context.Context, v *view, r index.Request) ([]index.Hit, error) {
	query, err := v.query()
	if err != nil {
		return nil, err
	}
	k := v.postings.Search(ctx, query, nil)
	allowed, err := v.filterRows(ctx, r.Filter)
	if err != nil {
		return nil, err
	}
	must, not, err := k.Restrict(r.Query)
	if err != nil {
		return nil, err
	}
	scores := make([]float64, v.postings.Numbers())
	freqs := make([]float64, len(scores))
	var found []uint32
	scoreTerm := func(fields []field, term string, where *roaring.Bitmap) error {
		found = found[:0]
		for _, f := range fields {
			length := v.lengths[f]
			if length.Passages == 0 {
				continue
			}
			mean := max(float64(length.Tokens)/float64(length.Passages), 1)
			err := plainPostings(ctx, v, f, term, func(number uint32, p *bleve.TermFieldDoc) {
				if freqs[number] == 0 {
					found = append(found, number)
				}
				fieldLength := math.Round(1 / (p.Norm * p.Norm)) // Bleve's norm is 1/sqrt(length)
				freqs[number] += f.Weight() * float64(p.Freq) / (1 - postings.B + postings.B*fieldLength/mean)
			})
			if err != nil {
				return err
			}
		}
		n, df := float64(v.stats.Passages), float64(len(found))
		idf := math.Log(1 + (n-df+0.5)/(df+0.5))
		for _, number := range found {
			if where == nil || where.Contains(number) {
				freq := freqs[number]
				scores[number] += idf * freq * (postings.K1 + 1) / (freq + postings.K1)
			}
			freqs[number] = 0
		}
		return nil
	}
	for _, c := range r.Query.Clauses {
		if c.Occur == index.MustNot {
			continue
		}
		fields, err := analysis.Searched(c.Field)
		if err != nil {
			return nil, err
		}
		var where *roaring.Bitmap
		if c.Phrase {
			if where, err = k.Phrase(fields, c.Text); err != nil {
				return nil, err
			}
		}
		for _, t := range query[0].Analyze(fields[0], c.Text) {
			if err := scoreTerm(fields, string(t.Term), where); err != nil {
				return nil, err
			}
		}
		if c.Occur != index.Should || c.Field != "" {
			continue
		}
		for _, t := range query[0].Analyze(fieldPath, c.Text) {
			if len(query[0].Analyze(fieldText, string(t.Term))) == 0 {
				continue
			}
			n := uint64(0)
			if err := k.Each(fieldPath, string(t.Term), func(postings.Number) { n++ }); err != nil {
				return nil, err
			}
			if n == v.lengths[fieldPath].Passages {
				continue
			}
			if err := scoreTerm([]field{fieldPath}, string(t.Term), nil); err != nil {
				return nil, err
			}
		}
	}
	top := topK{limit: r.Limit, compareRows: v.compareRows}
	for n, score := range scores {
		if score == 0 || must != nil && !must.Contains(uint32(n)) || not.Contains(uint32(n)) {
			continue
		}
		row, err := v.postings.Row(postings.Number(n))
		if err != nil {
			return nil, err
		}
		if allowed == nil || allowed.Contains(uint32(row)) {
			top.hits = append(top.hits, hit{row, score})
		}
	}
	hits := v.hits(top.sorted())
	return hits[:min(len(hits), r.Limit)], nil
}

// plainPostings calls f for every posting of a term in a field.
func plainPostings(ctx context.Context, v *view, fd field, term string, f func(number uint32, p *bleve.TermFieldDoc)) error {
	t, err := v.postings.Snapshot().TermFieldReader(ctx, []byte(term), fd.String(), true, true, false)
	if err != nil {
		return err
	}
	defer t.Close()
	var p bleve.TermFieldDoc
	for {
		next, err := t.Next(p.Reset())
		if err != nil || next == nil {
			return err
		}
		f(uint32(next.ID.Value()), next)
	}
}

// TestKeywordEqualsPlain compares hits and scores, to the last bit, with those
// of plainKeyword while documents come and go.
func TestKeywordEqualsPlain(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	vocabulary := make([]string, 40)
	for i := range vocabulary {
		vocabulary[i] = fmt.Sprintf("w%dx", i)
	}
	word := func() string {
		// Some are in nearly all passages, some in hardly any.
		return vocabulary[min(random.IntN(len(vocabulary)), random.IntN(len(vocabulary)), random.IntN(len(vocabulary)))]
	}
	words := func(n int) string {
		w := make([]string, n)
		for i := range w {
			w[i] = word()
		}
		return strings.Join(w, " ")
	}
	clause := func() index.Clause {
		c := index.Clause{Text: words(1 + random.IntN(6))}
		switch random.IntN(8) {
		case 0:
			c.Text, c.Phrase, c.Occur = words(2), true, index.Occur(random.IntN(3))
		case 1:
			c.Text, c.Occur = word(), index.Must
		case 2:
			c.Text, c.Occur = word(), index.MustNot
		case 3:
			c.Field = field(random.IntN(int(numFields))).String()
		}
		return c
	}
	s := mustCreate(t, t.TempDir())
	long := words(3000) // longer than the table of norms
	for n := range 12 {
		var b index.Batch
		for range 40 {
			id := random.IntN(300)
			if random.IntN(6) == 0 {
				b.Delete = append(b.Delete, fmt.Sprint("d", id))
				continue
			}
			d := index.Document{Info: index.Info{ID: fmt.Sprint("d", id), Title: words(random.IntN(4)),
				Path: fmt.Sprintf("/all/%s/%d.txt", word(), id)}}
			for i := range 1 + random.IntN(4) {
				p := index.Passage{Text: words(random.IntN(30)), Vector: killVector(n, i, 0)}
				switch random.IntN(10) {
				case 0:
					p.Text = "w3x w9x the same passage again and again" // equal scores
				case 1:
					p.Text = long
				case 2, 3:
					p.Heading = []string{words(2)}
				}
				d.Content = append(d.Content, p)
			}
			b.Put = append(b.Put, d)
		}
		if err := s.Apply(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		v, err := s.acquire()
		if err != nil {
			t.Fatal(err)
		}
		for range 60 {
			r := index.Request{Limit: []int{1, 3, 10, 100, 5000}[random.IntN(5)]}
			for range 1 + random.IntN(3) {
				r.Query.Clauses = append(r.Query.Clauses, clause())
			}
			if random.IntN(3) == 0 {
				r.Filter.Paths = []string{"*1.txt", "*2.txt"}
			}
			want, err := plainKeyword(t.Context(), v, r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := s.Keyword(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%+v finds\n%v, the plain way\n%v", r, got, want)
			}
		}
		if err := v.release(); err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkKeywordPlain searches 20,000 passages both ways; plain/fast is how
// many times faster Keyword is than plainKeyword.
func BenchmarkKeywordPlain(b *testing.B) {
	s, c := benchStore(b, 5000)
	v, err := s.acquire()
	if err != nil {
		b.Fatal(err)
	}
	defer v.release()
	var queries []index.Query
	for range 50 {
		queries = append(queries, query(c.words(20)))
	}
	n := 0
	var fast, plain float64
	for b.Loop() {
		r := index.Request{Query: queries[n%len(queries)], Limit: 100}
		fast += seconds(func() { _, err = s.Keyword(b.Context(), r) })
		if err != nil {
			b.Fatal(err)
		}
		plain += seconds(func() { _, err = plainKeyword(b.Context(), v, r) })
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(plain/fast, "plain/fast")
	b.ReportMetric(1e3*fast/float64(n), "ms/fast")
}
