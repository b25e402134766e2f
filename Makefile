# make            what there is
# make run        build all, start the server and a demo gateway
# make check      what CI runs

.DEFAULT_GOAL := help
SHELL := /bin/sh

GO ?= go
# No cgo in the product. The race detector alone wants it.
export CGO_ENABLED ?= 0
# nginx of the distribution is where only root looks.
export PATH := $(PATH):/usr/sbin:/sbin

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Without the traces of requests that nobody looks at gRPC leaves out html/template: 4 MB of the light agent.
# The console is embedded when it is there; asked anew each time, as `make run` builds it first.
TAGS = grpcnotrace$(shell test ! -f web/dist/index.html || echo ,console)
CONSOLE := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -path web/e2e -prune -o -type f ! -name "*.go" ! -name schema.gen.ts -print) aggregator/api/openapi.yaml
LDFLAGS := -s -w -X main.version=$(VERSION)

# Tools of a version that tools/go.mod pins, so that the product's go.mod stays clean.
TOOL := $(GO) tool -modfile=$(CURDIR)/tools/go.mod

# What agents and plugins say to each other.
PLUGIN_PROTO := actiontrail/plugin/v1
PLUGIN := plugin source sink

GENERATED := proto/actiontrail/v1/batch.pb.go $(PLUGIN:%=proto/$(PLUGIN_PROTO)/%.pb.go) \
	proto/$(PLUGIN_PROTO)/source_grpc.pb.go proto/$(PLUGIN_PROTO)/sink_grpc.pb.go \
	aggregator/api/types.gen.go aggregator/api/server.gen.go aggregator/api/client.gen.go

# Modules of their own, beside tools.
MODULES := tools/caddy tools/otelcol tools/slsoracle bench/sqlite deploy/examples/plugins/source-journal deploy/examples/plugins/sink-ndjson

# Packages whose goroutines share something.
CONCURRENT := ./agent/... ./aggregator/... ./internal/bus/... ./internal/sim/... ./plugins/file/... ./plugins/host \
	$(patsubst %,./plugins/%,push syslog socket stdin auditevents fetch bucket kafka nats keycloak)

T     ?= 30s # make fuzz: for each target
SEEDS ?= 1000 # make sim: worlds
PKG   ?= ./... # make test, make fuzz: which packages
AGAIN ?= 0# make test: how many tests that failed may run once more, alone
LARGE_EVENTS ?= 1000000 # make console-large: events
LARGE_FRAMES ?= 1200 # make console-large: frames of each scroll

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## Build bin/actiontrail, bin/actiontrail-agent and bin/demo
	@mkdir -p bin
	$(GO) build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)' -o bin/ ./cmd/actiontrail ./cmd/actiontrail-agent ./deploy/quickstart/demo

.PHONY: run
run: ## Start the server with a demo gateway beside it (RATE=20 LISTEN=127.0.0.1:8320); Ctrl-C ends both
	@if command -v npm >/dev/null; then $(MAKE) console || echo "the console could not be built; the server starts without it" >&2; fi
	@$(MAKE) build
	@deploy/quickstart/run.sh

.PHONY: console
console: web/dist/index.html ## Build the console into web/dist, which make build embeds (needs Node 20.19 or later)

web/dist/index.html: web/node_modules/.installed $(CONSOLE)
	cd web && npm run --silent build

# Anew only when the lock is another one, not when git has touched it.
web/node_modules/.installed: web/package-lock.json
	cmp -s $< $@ || { cd web && npm ci; }
	cp $< $@

.PHONY: console-check
console-check: console ## Check the console: types, lint, units, an install with an empty cache, and the flows in a real Chromium against the real server
	cd web && npm run --silent typecheck && npm run --silent lint && npm test --silent
	cd web && build/install.sh
	$(GO) vet -tags console ./web && $(GO) test -tags console ./web
	$(MAKE) build
	cd web && npm run --silent e2e

.PHONY: console-large
console-large: console ## Measure the console over much data (LARGE_EVENTS=1000000, LARGE_FRAMES=1200); minutes, and a disk with some GB
	$(MAKE) build
	cd web && LARGE_EVENTS=$(strip $(LARGE_EVENTS)) LARGE_FRAMES=$(strip $(LARGE_FRAMES)) npm run --silent e2e -- large

.PHONY: screenshots
screenshots: console ## Take the pictures of docs/images anew, each page light and dark
	$(MAKE) build
	cd web && npm run --silent screenshots

.PHONY: test
test: bin/testrun ## Run every test, real parts included; print for each real part whether it ran (PKG=./...)
	bin/testrun -again=$(AGAIN) -timeout 15m $(PKG)

.PHONY: deps
deps: ## Install what the real parts need and only root can (apt: nginx, HAProxy, Apache, sshd, sudo, PostgreSQL with pgaudit, npm, Chromium, a JDK and Maven for Elasticsearch, a C compiler for -race), and build the S3 server and the OpenTelemetry collector (minutes, once)
	@tools/deps.sh
	@mkdir -p bin && $(GO) -C tools/versitygw build -o $(CURDIR)/bin/versitygw github.com/versity/versitygw/cmd/versitygw
	@$(GO) -C tools/otelcol build -o $(CURDIR)/bin/otelcol .

.PHONY: loki
loki: ## Build Loki for its test, which is skipped without it (a quarter of an hour, once; CI does not)
	@mkdir -p bin && $(GO) -C tools/loki build -trimpath -ldflags '-s -w' -o $(CURDIR)/bin/loki github.com/grafana/loki/v3/cmd/loki

.PHONY: check
check: ## What CI runs: deps, lint, generated code, every test with REAL=all, the console, races, a little of each fuzz target
	$(MAKE) deps
	$(MAKE) lint
	$(MAKE) drift
	$(MAKE) build
	REAL=all $(MAKE) test AGAIN=3 PKG='-count=1 ./...'
	$(MAKE) console-check
	$(MAKE) race
	$(MAKE) fuzz T=2s

.PHONY: race
race: bin/testrun ## Run the tests of the concurrent packages under the race detector, the short way
	CGO_ENABLED=1 bin/testrun -race -short -count=1 -timeout 20m $(CONCURRENT)

.PHONY: bench
bench: ## Run the benchmarks; the figures are kept in docs/performance.md
	$(GO) test -run '^$$' -bench . -timeout 60m ./bench/...

.PHONY: fuzz
fuzz: ## Fuzz each target for a while (T=30s PKG=./...)
	@GO='$(GO)' tools/fuzz.sh '$(strip $(T))' $(PKG)

.PHONY: sim
sim: ## Simulate crashes and faults in many worlds, then plant mistakes that must be caught (SEEDS=1000)
	$(GO) test -c -o bin/sim.test ./internal/sim
	cd internal/sim && ../../bin/sim.test -test.timeout 120m -test.run '^(TestWorlds|TestPlanted)$$' -report -seeds=$(strip $(SEEDS))

.PHONY: soak
soak: deps ## Two logs under load; agent, NATS and aggregator killed, stopped and out of disk (SOAK_KILLS=100 SOAK_OUTAGE=10m SOAK_SEED=…)
	REAL=all SOAK=1 $(GO) test -v -count=1 -timeout 180m -run '^TestSoak' ./cmd/actiontrail

.PHONY: gen
gen: ## Generate code anew: protobuf, and the API from openapi.yaml
	$(GO) -C tools run ./protogen ../proto actiontrail/v1/batch.proto $(PLUGIN:%=$(PLUGIN_PROTO)/%.proto)
	cd aggregator/api && for part in types server client; do $(TOOL) oapi-codegen --config codegen/$$part.yaml openapi.yaml || exit 1; done

.PHONY: drift
drift: ## Fail when the generated code is not what its sources give (and put it right)
	@rm -rf bin/.drift && mkdir -p bin/.drift && cp --parents $(GENERATED) bin/.drift
	@$(MAKE) gen
	@failed=; for f in $(GENERATED); do cmp bin/.drift/$$f $$f || { echo "$$f was not what its sources give; make gen has put it right: commit it" >&2; failed=1; }; done; test -z "$$failed"

.PHONY: lint
lint: ## gofmt, vet and staticcheck
	@unformatted=$$($$($(GO) env GOROOT)/bin/gofmt -l .); test -z "$$unformatted" || { echo "not formatted; run gofmt -w on:" $$unformatted >&2; exit 1; }
	$(GO) vet ./...
	$(GO) -C tools vet ./... && $(GO) -C tools test ./...
	@for module in $(MODULES); do $(GO) -C $$module vet ./... || { echo "in $$module" >&2; exit 1; }; done
	$(TOOL) staticcheck ./...

.PHONY: vuln
vuln: ## Look for known vulnerabilities (needs the database on the network, so not part of check)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...

.PHONY: clean
clean: ## Remove what was built; ./data stays
	rm -rf bin web/dist web/node_modules

# Go knows better than make what has changed.
.PHONY: bin/testrun
bin/testrun:
	@$(GO) build -C tools -o ../bin/testrun ./testrun
