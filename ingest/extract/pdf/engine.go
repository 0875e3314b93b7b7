package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/albert-search/albert-search/ingest/extract"
)

var errClosed = errors.New("the extractor is closed")

// maxPDFs is how many PDFs are read at once; the others wait. Each may use
// Limits.Memory.
const maxPDFs = 4

// engine runs PDFium, compiled to WebAssembly, in a sandbox: it sees no
// files, no network and no environment, its memory is limited, and it can be
// interrupted anywhere. Every document gets an instance of its own, with fresh
// memory, so that none can spoil the next; an instance costs milliseconds,
// only compiling the module is slow, which happens with the first PDF.
type engine struct {
	cacheDir string
	memory   int64

	mu      sync.Mutex
	closed  bool
	pool    pdfium.Pool
	cache   wazero.CompilationCache
	running sync.WaitGroup
	ctx     context.Context // ends with the engine
	cancel  context.CancelFunc
}

func newEngine(cacheDir string, memory int64) *engine {
	e := &engine{cacheDir: cacheDir, memory: memory}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	return e
}

// start returns the pool of instances, and keeps close waiting until running
// is told that the caller is done.
func (e *engine) start() (pdfium.Pool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errClosed
	}
	if e.pool == nil {
		const pageSize = 64 << 10
		e.cache = compilationCache(e.cacheDir)
		config := wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithMemoryLimitPages(uint32(min(max(e.memory, 1)/pageSize, 4<<30/pageSize))).
			WithCloseOnContextDone(true).
			WithCompilationCache(e.cache)
		allocator := experimental.MemoryAllocatorFunc(newSandboxMemory)
		pool, err := webassembly.Init(webassembly.Config{
			Context:       experimental.WithMemoryAllocator(context.Background(), allocator),
			MaxTotal:      min(maxPDFs, runtime.GOMAXPROCS(0)),
			FSConfig:      wazero.NewFSConfig(), // nil would mount all of "/"
			RuntimeConfig: config,
			Stdout:        io.Discard,
			Stderr:        io.Discard,
		})
		if err != nil {
			return nil, errors.Join(notStarted(err), e.cache.Close(context.Background()))
		}
		e.pool = pool
	}
	e.running.Add(1)
	return e.pool, nil
}

func notStarted(err error) error {
	return fmt.Errorf("%w: starting the PDF reader: %w", extract.ErrTransient, err)
}

// compilationCache keeps compiled code in dir, or in memory when there is no
// folder to write to. Code of other versions and processors lies apart in it.
func compilationCache(dir string) wazero.CompilationCache {
	if dir == "" {
		if user, err := os.UserCacheDir(); err == nil {
			dir = filepath.Join(user, "albert-search", "wasm")
		}
	}
	if dir != "" {
		if cache, err := wazero.NewCompilationCacheWithDir(dir); err == nil {
			return cache
		}
	}
	return wazero.NewCompilationCache()
}

// do calls f with an instance that nobody else uses. When ctx or the engine
// ends, the instance is stopped wherever it is, and what f was calling fails.
func (e *engine) do(ctx context.Context, f func(pdfium.Pdfium) error) error {
	pool, err := e.start()
	if err != nil {
		return err
	}
	defer e.running.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.ctx, cancel)()

	instance, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		if e.ctx.Err() != nil {
			return errClosed
		}
		return notStarted(err)
	}
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		_ = instance.Kill()
	})
	defer func() {
		if stop() {
			// What it reports is of a broken document, which f has seen.
			_ = instance.Close()
		} else {
			<-killed
		}
	}()
	err = f(instance)
	if err != nil && e.ctx.Err() != nil {
		return errClosed
	}
	return err
}

func (e *engine) close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	e.mu.Unlock()

	e.cancel()
	e.running.Wait()
	if e.pool == nil {
		return nil
	}
	return errors.Join(e.pool.Close(), e.cache.Close(context.Background()))
}
