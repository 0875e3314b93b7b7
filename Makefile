# albert-search. `make demo` and `make test` need Go, a C compiler, and once a
# connection for ONNX Runtime and the Go modules. What is downloaded goes into
# the user's cache folder, where the program looks, or into ALBERT_SEARCH_CACHE.

GO ?= go
# The checkers are Go tools of a module of their own, which pins them: the
# program's go.mod stays small.
CHECK := tool -modfile=internal/tools/checks/go.mod

# ONNX Runtime is called through cgo.
export CGO_ENABLED := 1
# The Go command fails where it finds a repository that git refuses to read, as
# one of another user.
NOVCS := $(shell git status --porcelain >/dev/null 2>&1 || echo -buildvcs=false)
# For all commands, so that they share what is compiled.
export GOFLAGS := $(strip $(shell $(GO) env GOFLAGS 2>/dev/null) -trimpath $(NOVCS))

# The packages in which goroutines meet. How good the answers are is another
# question, and a long one.
RACE ?= . ./albert ./albert/ort ./embed/... ./internal/eval ./index/... ./ingest ./ingest/sandbox

.PHONY: help
help:
	@echo "make demo    index the sample documents and ask them questions"
	@echo "make test    run the tests"
	@echo "make build   build bin/albert-search"
	@echo "make setup   obtain ONNX Runtime into the cache folder of the user"
	@echo "make race    run the tests of the concurrent packages with the race detector"
	@echo "make torture kill writers, cut the power and let disks fail, for half an hour or so"
	@echo "make fuzz    run each fuzz target for FUZZTIME (3s)"
	@echo "make bench   run the benchmarks that compare, and print how many times as fast we are"
	@echo "make bench-peers  measure against other programs (docs/benchmarks.md)"
	@echo "make bench-scale  measure how an index grows (docs/benchmarks.md)"
	@echo "make lint    gofmt, golangci-lint (go vet, staticcheck, the layers: .golangci.yml), banned words,"
	@echo "             and whether every guard guards something"
	@echo "make generate       make all generated files again; generate-check compares them"
	@echo "make cover   run the tests and print how much of each package they reach"
	@echo "make cross   compile for arm64 and, as far as it goes, for other systems"
	@echo "make vuln    look for known vulnerabilities (needs a connection)"
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
	$(GO) test -timeout 30m $(TESTFLAGS) ./...

.PHONY: race
race: setup
	$(GO) test -race -timeout 30m -skip '^TestQuality$$' $(TESTFLAGS) $(RACE)
	$(GO) test -race -timeout 30m -run '^Test(Readers|Cancel|SecondWriter)$$' $(TESTFLAGS) ./internal/torture

# The kills, of each of two kinds and by each of two writers; the losses of
# power, by each writer; those of a real file system; how many operations fail,
# all when 0; and how often each file of an index is damaged in each way.
# TORTURE_SEED repeats a run.
TORTURE_KILLS ?= 250
TORTURE_CUTS ?= 1000
TORTURE_EXT4 ?= 100
TORTURE_SWEEP ?= 0
TORTURE_DAMAGE ?= 60
export TORTURE_SEED
.PHONY: torture
torture: setup
	TORTURE_KILLS=$(TORTURE_KILLS) TORTURE_CUTS=$(TORTURE_CUTS) TORTURE_EXT4=$(TORTURE_EXT4) \
		TORTURE_SWEEP=$(TORTURE_SWEEP) $(GO) test -count=1 -timeout 3h -v $(TESTFLAGS) ./internal/torture
	TORTURE_DAMAGE=$(TORTURE_DAMAGE) $(GO) test -count=1 -timeout 1h -v -run '^Test(CheckFindsAllDamage|Repair)$$' $(TESTFLAGS) ./index/local
	ALBERT_SEARCH_TORTURE=1 $(GO) test -count=1 -timeout 1h -v -run '^TestHostileDocuments$$' $(TESTFLAGS) ./cmd/albert-search

FUZZTIME ?= 3s
.PHONY: fuzz
fuzz: setup
	scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: setup
	$(GO) run ./bench/ratios

# What the benchmarks work on, see docs/benchmarks.md: a passage a line, their
# vectors, questions, their vectors, and a reader in Hugging Face layout.
TEXT ?=
VECTORS ?=
QUERIES ?=
QUERY_VECTORS ?=
READER ?=
# The rows that are run (all), QUICK=1 for a trial, and other flags of peers.py.
ONLY ?=
QUICK ?=
PEERS_FLAGS ?=
# An environment of its own, so that nothing else is changed.
PEERS_ENV ?= bin/peers-env
PYTHON ?= python3

bin/bench-ours: build FORCE
	$(GO) build -o $@ ./bench/runner

bin/bench-gopeers: FORCE
	bench/peers/go/build $@ bin/bench || { echo "without the Go peers" >&2; rm -f $@; }

.PHONY: FORCE
FORCE:

.PHONY: bench-peers
bench-peers: setup bin/bench-ours bin/bench-gopeers
	test -x $(PEERS_ENV)/bin/python || $(PYTHON) -m venv $(PEERS_ENV)
	$(PEERS_ENV)/bin/python -m pip install -q -r bench/peers/requirements.txt
	$(PEERS_ENV)/bin/python bench/peers/peers.py --write \
		$$(test ! -x bin/bench-gopeers || echo --gopeers bin/bench-gopeers) \
		$(if $(TEXT),--text $(TEXT)) $(if $(VECTORS),--vectors $(VECTORS)) \
		$(if $(QUERIES),--queries $(QUERIES)) $(if $(QUERY_VECTORS),--query-vectors $(QUERY_VECTORS)) \
		$(if $(READER),--reader $(READER)) $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(PEERS_FLAGS)

SIZES ?= 10000,100000,1000000
SCALE_OUT ?= bin/bench/scale
SCALE_PLOT ?= docs/scale.svg
SCALE_FLAGS ?=
.PHONY: bench-scale
bench-scale: setup
	$(GO) run ./bench/scale -n $(SIZES) -out $(SCALE_OUT) -plot $(SCALE_PLOT) $(if $(TEXT),-text $(TEXT)) \
		$(if $(VECTORS),-vectors $(VECTORS)) $(if $(QUERY_VECTORS),-query-vectors $(QUERY_VECTORS)) \
		$(if $(QUERIES),-questions $(QUERIES)) $(SCALE_FLAGS)

# A ratio that is less than half of the recorded one fails.
.PHONY: bench-guard bench-guard-record
bench-guard: setup
	scripts/bench-guard
bench-guard-record: setup
	scripts/bench-guard --record

.PHONY: lint
lint: tools
	@echo "gofmt -l ."
	@files=$$(gofmt -l .) && { test -z "$$files" || { echo "not formatted; run gofmt -w on:" >&2; echo "$$files" >&2; exit 1; }; }
	$(GO) $(CHECK) golangci-lint run ./...
	$(GO) run ./internal/tools/words
	$(GO) run ./internal/tools/guards

# What go generate makes must be what is committed.
.PHONY: generate generate-check
generate:
	$(GO) generate ./...
generate-check:
	scripts/generate-check

# The guards that count what ran want the output of go test -v of all packages.
LOG ?=
.PHONY: guards
guards:
	$(GO) run ./internal/tools/guards $(if $(LOG),-log $(LOG))

# Needs a connection: the database of vulnerabilities is not in the repository.
.PHONY: vuln
vuln:
	$(GO) $(CHECK) govulncheck ./...

COVER ?= bin/cover.out
.PHONY: cover
cover: setup
	$(GO) test -timeout 30m -coverprofile=$(COVER) $(TESTFLAGS) ./...
	@$(GO) tool cover -func=$(COVER) | tail -1

# Other systems: compiles all and vets, runs nothing.
.PHONY: cross
cross:
	scripts/cross

.PHONY: clean
clean:
	rm -rf bin
