package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/albert-search/albert-search/cmd/albert-search/internal/term"
)

// Bar shows how far a command has come while people look. A nil Bar shows
// nothing.
type Bar struct {
	bar *progressbar.ProgressBar
	// turning bars have a goroutine that turns them until they are finished.
	turning bool
}

// Count returns a bar that counts n things; negative where n is not known yet.
func (p *Printer) Count(what string, n int64) *Bar {
	return p.bar(what, n, progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(false))
}

// Bytes returns a bar that counts bytes, of a number that Set says.
func (p *Printer) Bytes(what string) *Bar {
	return p.bar(what, -1, progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(false))
}

// Steps returns a bar that shows the step at work and the time it takes.
func (p *Printer) Steps() *Bar {
	b := p.bar("", -1, progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(true))
	if b != nil {
		b.turning = true
	}
	return b
}

func (p *Printer) bar(what string, n int64, options ...progressbar.Option) *Bar {
	if p.Quiet || p.JSON || !term.IsTerminal(p.Stderr) {
		return nil
	}
	return &Bar{bar: progressbar.NewOptions64(n, append(options,
		progressbar.OptionSetWriter(p.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetWidth(16),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)...)}
}

// Tick says that one more is done. It may be called by several goroutines at
// once.
func (b *Bar) Tick() {
	if b != nil {
		_ = b.bar.Add(1) // of drawing only
	}
}

// Set says how many of how many are done.
func (b *Bar) Set(done, total int64) {
	if b != nil {
		b.bar.ChangeMax64(max(total, 1))
		_ = b.bar.Set64(min(done, total)) // of drawing only
	}
}

// Describe says what is being done.
func (b *Bar) Describe(what string) {
	if b != nil {
		b.bar.Describe(what)
	}
}

// Step says what is done next.
func (b *Bar) Step(what string) {
	b.Describe(what)
	b.Tick()
}

// Done removes the bar.
func (b *Bar) Done() {
	switch {
	case b == nil:
	case b.turning:
		_ = b.bar.Finish() // of drawing only
	default:
		_ = b.bar.Clear()
	}
}
