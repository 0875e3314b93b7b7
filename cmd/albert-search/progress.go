package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	albertsearch "github.com/albert-search/albert-search"
	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// progress shows a bar while people look.
type progress struct {
	bar *progressbar.ProgressBar // nil when nobody looks
}

func newProgress(p *printer) *progress {
	return newBar(p, "looking for documents", progressbar.OptionShowBytes(true))
}

// newReembedProgress counts passages.
func newReembedProgress(p *printer) *progress {
	return newBar(p, "loading the model", progressbar.OptionShowCount())
}

// newCheckProgress counts bytes.
func newCheckProgress(p *printer) *progress {
	return newBar(p, "checking", progressbar.OptionShowBytes(true))
}

func (p *progress) showBytes(done, total int64) {
	if p.bar == nil {
		return
	}
	p.bar.ChangeMax64(max(total, 1))
	_ = p.bar.Set64(min(done, total)) // of drawing only
}

func newBar(p *printer, description string, unit progressbar.Option) *progress {
	if p.quiet || p.json || !term.IsTerminal(p.stderr) {
		return &progress{}
	}
	return &progress{bar: progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionSetDescription(description),
		unit,
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetWidth(16),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// show moves the bar: by bytes, because documents differ much in size.
func (p *progress) show(now albertsearch.Progress) {
	if p.bar == nil {
		return
	}
	p.bar.ChangeMax64(max(now.Bytes, 1))
	p.bar.Describe(fmt.Sprintf("%d/%d documents, %s", now.Done, now.Documents, plural(now.Passages, "passage")))
	_ = p.bar.Set64(min(now.DoneBytes, now.Bytes)) // of drawing only
}

func (p *progress) showReembedding(now albertsearch.ReembedProgress) {
	if p.bar == nil {
		return
	}
	p.bar.ChangeMax(max(now.Passages, 1))
	p.bar.Describe("embedding passages anew")
	_ = p.bar.Set(min(now.Done, now.Passages)) // of drawing only
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear() // of drawing only
	}
}

// counter shows a bar of things that are done one after another.
type counter struct {
	bar *progressbar.ProgressBar // nil when nobody looks
}

func newCounter(p *printer, what string, n int) *counter {
	if p.quiet || p.json || !term.IsTerminal(p.stderr) {
		return &counter{}
	}
	return &counter{bar: progressbar.NewOptions(n,
		progressbar.OptionSetWriter(p.stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetWidth(16),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// tick may be called by several goroutines at once.
func (c *counter) tick() {
	if c.bar != nil {
		_ = c.bar.Add(1) // of drawing only
	}
}

func (c *counter) finish() {
	if c.bar != nil {
		_ = c.bar.Clear() // of drawing only
	}
}
