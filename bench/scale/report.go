package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// figure is a row of the table and, where it has a unit of its own in the
// plot, a curve.
type figure struct {
	name  string
	value func(r result) float64
	// format prints the value; the growth law is that of the value.
	format string
	curve  bool
}

const mega = 1e6

var table = []figure{
	{"index time, s", func(r result) float64 { return r.Index.Seconds }, "%.1f", true},
	{"indexing, passages/s", func(r result) float64 { return float64(r.Passages) / r.Index.Seconds }, "%.0f", false},
	{"the last tenth, passages/s", func(r result) float64 { return float64(r.Passages) / 10 / r.Index.LastSeconds }, "%.0f", false},
	{"publishing, share of index time", func(r result) float64 { return r.Index.PublishSeconds / r.Index.Seconds }, "%.2f", false},
	{"indexing, peak RssAnon, MB", func(r result) float64 { return float64(r.Index.RssAnon) / mega }, "%.0f", true},
	{"indexing, VmHWM, MB", func(r result) float64 { return float64(r.Index.VMHWM) / mega }, "%.0f", false},
	{"written over kept", func(r result) float64 { return float64(r.Index.Written) / r.kept() }, "%.1f", false},
	{"bytes a passage: text and documents", func(r result) float64 { return r.Index.Text }, "%.0f", false},
	{"bytes a passage: postings", func(r result) float64 { return r.Index.Postings }, "%.0f", false},
	{"bytes a passage: vectors", func(r result) float64 { return r.Index.Vectors }, "%.0f", false},
	{"bytes a passage: codes", func(r result) float64 { return r.Index.Codes }, "%.0f", false},
	{"segments, Bleve's", func(r result) float64 { return float64(r.Index.BleveSegments) }, "%.0f", false},
	{"segments, ours", func(r result) float64 { return float64(r.Index.Segments) }, "%.0f", false},
	{"store: open, ms", func(r result) float64 { return r.Search.Open }, "%.1f", true},
	{"store: keyword p50, ms", func(r result) float64 { return r.Search.Keyword.P50 }, "%.1f", true},
	{"store: keyword p99, ms", func(r result) float64 { return r.Search.Keyword.P99 }, "%.1f", false},
	{"Bleve's share of it", func(r result) float64 { return r.Search.BleveShare }, "%.2f", false},
	{"store: vector p50, ms", func(r result) float64 { return r.Search.Vector.P50 }, "%.1f", true},
	{"store: vector p99, ms", func(r result) float64 { return r.Search.Vector.P99 }, "%.1f", false},
	{"store: hybrid p50, ms", func(r result) float64 { return r.Search.Hybrid.P50 }, "%.1f", false},
	{"store: hybrid p99, ms", func(r result) float64 { return r.Search.Hybrid.P99 }, "%.1f", false},
	{"store: the first hybrid search, ms", func(r result) float64 { return r.Search.Hybrid.First }, "%.1f", false},
	{"store: going through all documents, ms", func(r result) float64 { return r.Search.List }, "%.1f", false},
	{"store: peak RssAnon, MB", func(r result) float64 { return float64(r.Search.RssAnon) / mega }, "%.0f", false},
	{"store: VmHWM, MB", func(r result) float64 { return float64(r.Search.VMHWM) / mega }, "%.0f", false},
	{"program: opened and searched once by words, ms", func(r result) float64 { return r.Engine.Open }, "%.1f", false},
	{"program: first search, which loads the embedder, ms", func(r result) float64 { return r.Engine.Search.First }, "%.1f", false},
	{"program: search p50, ms", func(r result) float64 { return r.Engine.Search.P50 }, "%.1f", true},
	{"program: search p99, ms", func(r result) float64 { return r.Engine.Search.P99 }, "%.1f", false},
	{"program: first ask, which loads the reader, ms", func(r result) float64 { return r.Engine.Ask.First }, "%.1f", false},
	{"program: ask p50, ms", func(r result) float64 { return r.Engine.Ask.P50 }, "%.1f", true},
	{"program: ask p99, ms", func(r result) float64 { return r.Engine.Ask.P99 }, "%.1f", false},
	{"program: searching, peak RssAnon, MB", func(r result) float64 { return float64(r.Engine.SearchRssAnon) / mega }, "%.0f", true},
	{"program: and asking, peak RssAnon, MB", func(r result) float64 { return float64(r.Engine.AskRssAnon) / mega }, "%.0f", false},
}

// measured tells whether the figure is known: only 0 is not.
func (f figure) measured(r result) bool { return f.value(r) != 0 }

// kept is the size of the store in bytes.
func (r result) kept() float64 {
	return float64(r.Passages) * (r.Index.Text + r.Index.Postings + r.Index.Vectors + r.Index.Codes)
}

// writeTable writes a table with a column for each size.
func writeTable(w io.Writer, results []result) error {
	var b strings.Builder
	b.WriteString("| passages |")
	for _, r := range results {
		fmt.Fprintf(&b, " %d |", r.Passages)
	}
	b.WriteString(" grows with n as |\n|---|" + strings.Repeat("--:|", len(results)) + "---|\n")
	for _, f := range table {
		if !slices.ContainsFunc(results, f.measured) {
			continue
		}
		fmt.Fprintf(&b, "| %s |", f.name)
		for _, r := range results {
			fmt.Fprintf(&b, " "+f.format+" |", f.value(r))
		}
		fmt.Fprintf(&b, " %s |\n", law(f, results))
	}
	for _, r := range results {
		if t, v := r.Index.TextRounds, r.Index.VectorRounds; t+v > 0 {
			fmt.Fprintf(&b, "\nOf the %d passages some are made of others: the text was read %d times, the vectors %d times, perturbed after the first.\n",
				r.Passages, t+1, v+1)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// exponent fits y = a n^e by least squares on logarithms.
func exponent(f figure, results []result) (e float64, ok bool) {
	var sx, sy, sxx, sxy, n float64
	for _, r := range results {
		v := f.value(r)
		if v <= 0 {
			return 0, false
		}
		x, y := math.Log(float64(r.Passages)), math.Log(v)
		sx, sy, sxx, sxy, n = sx+x, sy+y, sxx+x*x, sxy+x*y, n+1
	}
	spread := n*sxx - sx*sx
	if n < 2 || spread == 0 {
		return 0, false
	}
	return (n*sxy - sx*sy) / spread, true
}

// law names the growth of a figure.
func law(f figure, results []result) string {
	e, ok := exponent(f, results)
	if !ok {
		return ""
	}
	return fmt.Sprintf("n^%.2f", e)
}

// The plot's size and that of its frame, in pixels.
const (
	plotWidth, plotHeight = 800, 480
	plotLeft, plotTop     = 64, 40
	plotRight, plotBottom = 460, 420
)

// plotColours can be told apart by the colour-blind, too (Okabe and Ito 2008).
var plotColours = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#f0e442"}

// plotGrowth draws the curves over the number of passages, both axes
// logarithmic, as an SVG image.
func plotGrowth(w io.Writer, results []result) {
	var curves []figure
	low, high := math.Inf(1), math.Inf(-1)
	for _, f := range table {
		if !f.curve || !slices.ContainsFunc(results, f.measured) {
			continue
		}
		curves = append(curves, f)
		for _, r := range results {
			if v := f.value(r); v > 0 {
				low, high = min(low, math.Log10(v)), max(high, math.Log10(v))
			}
		}
	}
	low, high = math.Floor(low), math.Ceil(high)
	smallest := slices.MinFunc(results, func(a, b result) int { return cmp.Compare(a.Passages, b.Passages) }).Passages
	largest := slices.MaxFunc(results, func(a, b result) int { return cmp.Compare(a.Passages, b.Passages) }).Passages
	left, right := math.Floor(math.Log10(float64(smallest))), math.Ceil(math.Log10(float64(largest)))
	x := func(n int) float64 {
		return plotLeft + (math.Log10(float64(n))-left)/max(right-left, 1)*(plotRight-plotLeft)
	}
	y := func(log float64) float64 { return plotBottom - (log-low)/max(high-low, 1)*(plotBottom-plotTop) }
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">
<title>Growth of a local store</title>
<rect width="%[1]d" height="%[2]d" fill="#ffffff"/>
<text x="%[3]d" y="24" font-size="14">Growth of a local store: seconds, milliseconds, megabytes</text>
`, plotWidth, plotHeight, plotLeft)
	for e := left; e <= right; e++ {
		at := x(int(math.Pow(10, e)))
		fmt.Fprintf(w, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>`+"\n", at, plotTop, at, plotBottom)
		fmt.Fprintf(w, `<text x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", at, plotBottom+18, math.Pow(10, e))
	}
	for e := low; e <= high; e++ {
		fmt.Fprintf(w, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>`+"\n", plotLeft, y(e), plotRight, y(e))
		fmt.Fprintf(w, `<text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n", plotLeft-8, y(e)+4, math.Pow(10, e))
	}
	fmt.Fprintf(w, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#000000"/>`+"\n",
		plotLeft, plotTop, plotRight-plotLeft, plotBottom-plotTop)
	fmt.Fprintf(w, `<text x="%d" y="%d" text-anchor="middle">passages</text>`+"\n", (plotLeft+plotRight)/2, plotBottom+40)
	for i, f := range curves {
		colour := plotColours[i%len(plotColours)]
		var points []string
		for _, r := range results {
			if v := f.value(r); v > 0 {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(r.Passages), y(math.Log10(v))))
			}
		}
		fmt.Fprintf(w, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", colour, strings.Join(points, " "))
		for _, p := range points {
			px, py, _ := strings.Cut(p, ",")
			fmt.Fprintf(w, `<circle cx="%s" cy="%s" r="3" fill="%s"/>`+"\n", px, py, colour)
		}
		at := plotTop + 20 + 20*i
		fmt.Fprintf(w, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"/>`+"\n", plotRight+12, at, plotRight+32, at, colour)
		fmt.Fprintf(w, `<text x="%d" y="%d">%s  %s</text>`+"\n", plotRight+38, at+4, f.name, law(f, results))
	}
	fmt.Fprintln(w, "</svg>")
}
