package eval

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Series is a curve of a plot.
type Series struct {
	Name  string
	Curve []CurvePoint
	// Threshold is the confidence at which the curve is marked; the mark is left
	// out where nothing is answered at it.
	Threshold float64
}

// The plot's size and that of its frame, in pixels.
const (
	plotWidth, plotHeight      = 640, 440
	plotLeft, plotTop          = 64, 40
	plotRight, plotBottom      = 616, 360
	plotTicks                  = 5
	plotLegendTop, plotLegendY = 60, 18
)

// plotColours can be told apart by the colour-blind as well (Okabe and Ito 2008).
var plotColours = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}

// PlotRiskCoverage writes risk-coverage curves as an SVG image.
func PlotRiskCoverage(w io.Writer, title string, series []Series) error {
	var b bytes.Buffer
	x := func(coverage float64) float64 { return plotLeft + coverage*(plotRight-plotLeft) }
	y := func(risk float64) float64 { return plotBottom - risk*(plotBottom-plotTop) }
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="12">
<title>%s</title>
<rect width="%[1]d" height="%[2]d" fill="#ffffff"/>
<text x="%[4]d" y="24" font-size="14">%[3]s</text>
`, plotWidth, plotHeight, escapeXML(title), plotLeft)
	for i := range plotTicks + 1 {
		share := float64(i) / plotTicks
		fmt.Fprintf(&b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/>`+"\n", x(share), plotTop, x(share), plotBottom)
		fmt.Fprintf(&b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>`+"\n", plotLeft, y(share), plotRight, y(share))
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%.0f %%</text>`+"\n", x(share), plotBottom+18, 100*share)
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%.0f %%</text>`+"\n", plotLeft-8, y(share)+4, 100*share)
	}
	fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="none" stroke="#000000"/>`+"\n",
		plotLeft, plotTop, plotRight-plotLeft, plotBottom-plotTop)
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">coverage: questions answered</text>`+"\n", (plotLeft+plotRight)/2, plotBottom+38)
	fmt.Fprintf(&b, `<text transform="translate(16 %d) rotate(-90)" text-anchor="middle">risk: answers that are wrong</text>`+"\n", (plotTop+plotBottom)/2)
	for i, s := range series {
		colour := plotColours[i%len(plotColours)]
		var points []string
		var mark *CurvePoint
		for j, p := range s.Curve {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(p.Coverage), y(p.Risk)))
			if p.Confidence >= s.Threshold {
				mark = &s.Curve[j]
			}
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>`+"\n", colour, strings.Join(points, " "))
		if mark != nil {
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", x(mark.Coverage), y(mark.Risk), colour)
		}
		at := plotLegendTop + i*plotLegendY
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2"/>`+"\n", plotLeft+12, at, plotLeft+36, at, colour)
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", plotLeft+42, at+4, escapeXML(s.Name))
	}
	b.WriteString("</svg>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func escapeXML(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
