# albert-search. `make demo` and `make test` need Go, a C compiler, and once a
# connection for ONNX Runtime and the Go modules. What is downloaded goes into
# the user's cache folder, where the program looks, or into ALBERT_SEARCH_CACHE.

GO ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# ONNX Runtime is called through cgo.
export CGO_ENABLED := 1
# The Go command fails where it finds a repository that git refuses to read, as
# one of another user.
NOVCS := $(shell git status --porcelain >/dev/null 2>&1 || echo -buildvcs=false)
# For all commands, so that they share what is compiled.
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS 2>/dev/null) -trimpath $(NOVCS))

# The packages in which goroutines meet. How good the answers are is another
# question, and a long one.
RACE ?= . ./albert ./albert/ort ./embed/... ./eval ./index/... ./ingest

.PHONY: help
help:
	@echo "make demo    index the sample documents and ask them questions"
	@echo "make test    run the tests"
	@echo "make build   build bin/albert-search"
	@echo "make setup   obtain ONNX Runtime into the cache folder of the user"
	@echo "make race    run the tests of the concurrent packages with the race detector"
	@echo "make torture kill writers, cut the power and let disks fail, for half an hour or so"
	@echo "make fuzz    run each fuzz target for FUZZTIME (3s)"
	@echo "make bench   run the benchmarks"
	@echo "make lint    gofmt, go vet and staticcheck"
	@echo "make clean   remove what was built here"

.PHONY: tools
tools:
	@command -v $(GO) >/dev/null || { echo "Go is missing: install it from https://go.dev/dl/ and run make again." >&2; exit 2; }
	@cc=$$($(GO) env CC) && command -v $${cc%% *} >/dev/null || { \
		echo "The C compiler $$cc is missing, which the binding of ONNX Runtime is built with." >&2; \
		echo "Install one (Debian, Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install) and run make again." >&2; \
		exit 2; }

.PHONY: build
build: tools
	$(GO) build -o bin/albert-search ./cmd/albert-search

.PHONY: setup
setup: build
	bin/albert-search setup

.PHONY: demo
demo: setup
	scripts/demo

.PHONY: test
test: setup
	$(GO) test $(TESTFLAGS) ./...

.PHONY: race
race: setup
	$(GO) test -race -skip '^TestQuality$$' $(TESTFLAGS) $(RACE)
	$(GO) test -race -run '^Test(Readers|Cancel|SecondWriter)$$' $(TESTFLAGS) ./internal/torture

# The kills, of each of two kinds and by each of two writers; the losses of
# power, by each writer; those of a real file system; and how many operations
# fail, all when 0. TORTURE_SEED repeats a run.
TORTURE_KILLS ?= 250
TORTURE_CUTS ?= 1000
TORTURE_EXT4 ?= 100
TORTURE_SWEEP ?= 0
export TORTURE_SEED
.PHONY: torture
torture: tools
	TORTURE_KILLS=$(TORTURE_KILLS) TORTURE_CUTS=$(TORTURE_CUTS) TORTURE_EXT4=$(TORTURE_EXT4) \
		TORTURE_SWEEP=$(TORTURE_SWEEP) $(GO) test -count=1 -timeout 3h -v $(TESTFLAGS) ./internal/torture

FUZZTIME ?= 3s
.PHONY: fuzz
fuzz: setup
	scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: setup
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: lint
lint: tools
	@echo "gofmt -l ."
	@files=$$(gofmt -l .) && { test -z "$$files" || { echo "not formatted; run gofmt -w on:" >&2; echo "$$files" >&2; exit 1; }; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

.PHONY: clean
clean:
	rm -rf bin
