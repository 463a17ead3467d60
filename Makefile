# Gongxin (公信). Plain `make` lists what there is.

GO      ?= go
NPM     ?= npm
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOL    := $(GO) tool -modfile=tools/go.mod

# Arguments for `go test`, as in: make test-go TEST_FLAGS='-run Portal -count=1'
TEST_FLAGS ?=
PACKAGES   ?= ./...

# Packages with goroutines or shared state of their own; they run once more under the race detector.
RACE ?= agency api app audit catalog clock db flow gm id identity ingest limit notice obs publish record report ruleset subject translog verify web
RACE_PACKAGES = $(foreach p,$(RACE),$(if $(wildcard internal/$(p)/*.go),./internal/$(p)/...))

VENDOR := internal/web/ui/static/vendor
ASSETS := $(VENDOR)/htmx.min.js

# Sources outside of folders that are not ours.
SOURCES = $(shell find cmd internal e2e -name '*.go' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: assets ## the program, as bin/gongxin
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/gongxin ./cmd/gongxin

.PHONY: demo
demo: build ## the synthetic city, served on 127.0.0.1:8080
	./bin/gongxin demo

.PHONY: assets
assets: $(ASSETS) ## browser assets: fetch by npm, copy to where they are embedded

$(ASSETS): package-lock.json scripts/assets.mjs node_modules/.package-lock.json
	node scripts/assets.mjs
	@touch $(ASSETS)

node_modules/.package-lock.json: package-lock.json
	$(NPM) ci --no-audit --no-fund
	@touch $@

.PHONY: generate
generate: ## templ templates to Go
	$(TOOL) templ generate -log-level=error

# Everything a stranger should run. PostgreSQL and browser tests are skipped, loudly, on a machine without; GONGXIN_TEST_PG=required
# and GONGXIN_TEST_BROWSER=required make that a failure. One PostgreSQL server serves all packages.
.PHONY: test
test: assets check-format vet check-generated check-house ## every test
	$(GO) run ./internal/db/dbtest/pgserver $(MAKE) --no-print-directory test-go test-race

.PHONY: test-go
test-go:
	$(GO) test -timeout 30m $(TEST_FLAGS) $(PACKAGES)

# One walk asks thousands of questions one after the other: nothing races there, and it would take as long as all the rest.
NO_RACE = ^TestEveryRouteFollowsTheTable$$

.PHONY: test-race
test-race:
	@if command -v "$$($(GO) env CC)" >/dev/null; then set -x; CGO_ENABLED=1 $(GO) test -race -timeout 30m -skip '$(NO_RACE)' $(TEST_FLAGS) $(RACE_PACKAGES); \
	elif [ "$(CI)" ]; then echo "the race detector needs a C compiler" >&2; exit 1; \
	else echo "SKIPPED: the race detector needs a C compiler" >&2; fi

.PHONY: check-format
check-format:
	@bad=$$(gofmt -l $(SOURCES)); if [ "$$bad" ]; then echo "not formatted (make fmt):"; echo "$$bad"; exit 1; fi

.PHONY: vet
vet: assets
	$(GO) vet ./...

# Generates again and compares; what differed is correct afterwards.
.PHONY: check-generated
check-generated:
	@sums() { find internal -name '*_templ.go' | LC_ALL=C sort | xargs -r cksum; }; \
	before=$$(sums); $(MAKE) --no-print-directory generate; after=$$(sums); \
	if [ "$$before" != "$$after" ]; then echo "generated code was not up to date (make generate)"; exit 1; fi

.PHONY: check-house
check-house:
	$(GO) test ./internal/archtest

.PHONY: lint
lint: assets ## golangci-lint, with the short list of .golangci.yml
	$(TOOL) golangci-lint run ./...

.PHONY: fmt
fmt: ## format Go and templates
	$(TOOL) gofumpt -w $(SOURCES)
	$(TOOL) templ fmt internal

.PHONY: bench
bench: build ## the benchmark suite: ratios against floors measured in the same run
	./bin/gongxin bench

.PHONY: clean
clean: ## remove what was built
	rm -rf bin bench-out $(VENDOR) internal/report/fonts/vendor node_modules
