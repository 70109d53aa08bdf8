# kmsmac: `make help` lists the targets.
GO      ?= go
BIN     := bin/kmsmac
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS := -s -w -X main.version=$(VERSION)

.DEFAULT_GOAL := build
.PHONY: build run test race purego cross lint fuzz kill-test emulator-speed plan-check fuzz-http clients bench bench-self shard-test k6 k6-test bench-soak baselines conform power field field-check doctor-test docs-test release-check release-try reproducible gate-power gate-self generate cover clean help

build: ## build bin/kmsmac
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/kmsmac

run: build ## the main job: vectors, conformance, load on the embedded emulator
	$(BIN) run

test: ## all tests of the main module
	$(GO) test -timeout 30m ./...

race: ## all tests under the race detector
	$(GO) test -race -short -timeout 60m ./...

purego: ## all tests without assembly
	$(GO) test -short -timeout 30m -tags purego ./...

cross: ## build for every released platform
	@for p in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do \
	  echo "build $$p"; \
	  CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -o /dev/null ./cmd/kmsmac || exit 1; \
	  GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./... || exit 1; \
	done

lint: ## gofmt, go vet, staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt would change: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=tools.mod staticcheck ./...

fuzz: ## each fuzz target for FUZZTIME (default 10s)
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep ^Fuzz); do \
	    echo "fuzz $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),10s) $$pkg || exit 1; \
	  done; \
	done

kill-test: ## KILLS (default 200) random kills of the emulator under load: nothing answered is lost
	KILLS=$(or $(KILLS),200) $(GO) test -count=1 -timeout 60m -v -run '^TestKill$$' ./cmd/kmsmac

emulator-speed: ## the emulator beside a bare handler: CPU, p99, keys, a million answers (EMULATOR_SPEED=short for CI)
	EMULATOR_SPEED=$(or $(EMULATOR_SPEED),full) $(GO) test -count=1 -timeout 60m -run '^TestEmulatorSpeed$$' -v ./cmd/kmsmac

plan-check: ## plans held against emulators of known capacity, in virtual time and on the wire: predicted against measured
	PLAN_CHECK=full $(GO) test -count=1 -timeout 60m -run '^TestPlanCheck$$' -v ./cmd/kmsmac

fuzz-http: ## the emulator's whole HTTP surface for FUZZTIME (default 1h)
	$(GO) test -run '^$$' -fuzz '^FuzzHTTP$$' -fuzztime $(or $(FUZZTIME),1h) ./target/kmsemu

clients: ## install the pinned AWS clients that the tests drive the emulator with, into bin/clients
	test -x bin/clients/venv/bin/python3 || python3 -m venv bin/clients/venv
	bin/clients/venv/bin/pip install -q --disable-pip-version-check -r cmd/kmsmac/testdata/clients/requirements.txt
	mkdir -p bin/clients/js
	cp cmd/kmsmac/testdata/clients/js/package.json cmd/kmsmac/testdata/clients/js/package-lock.json bin/clients/js/
	npm ci --prefix bin/clients/js --no-audit --no-fund --loglevel=error

bench: build ## load on the embedded emulator
	$(BIN) bench kms

bench-self: ## the load generator against its goals: wrk, a bare SDK loop, servers with known delays
	$(GO) test -c -o bin/bench-self.test ./bench
	KMSMAC_TEST_CHILD=self=docs/known-short.md bin/bench-self.test

bench-soak: ## DURATION (default 1h: minutes) of load at 5,000/s in virtual time: the heap stays flat
	$(GO) test -count=1 -timeout 6h -v -run '^TestHeapStaysFlat$$' ./bench -soak $(or $(DURATION),1h)

baselines: build ## add a run of engine and emulator to results/baselines; they inform, they never gate
	@d=$$(mktemp -d) && trap 'rm -rf "$$d"' EXIT && \
	$(BIN) bench engine --algorithm HMAC_SHA_256 --size 64,1024 --batch 1,16 --out "$$d/engine" >/dev/null && \
	$(BIN) bench kms --client lean --rate 200 --duration 5s --out "$$d/kms" >/dev/null && \
	$(BIN) history add "$$d/engine" "$$d/kms"

conform: build ## the conformance suite on the embedded emulator
	$(BIN) conform

field: build ## real emulators, pinned: installs, measures and compares them; writes docs/scoreboard.md, docs/matrix.md; fakecloud needs cargo and half an hour (FIELD="moto ministack" for some)
	$(GO) run ./cmd/field $(FIELD)

field-check: build ## the same for moto and ministack, without pages: fails when one behaves otherwise than is written down
	$(GO) run ./cmd/field -check $(or $(FIELD),moto ministack)

doctor-test: ## planted misconfigurations, each of which kmsmac doctor must name
	$(GO) test -count=1 -v -run '^TestDoctor' ./cmd/kmsmac

docs-test: ## every command line of README.md and docs, executed or, where it needs AWS, parsed
	$(GO) test -count=1 -timeout 30m -v -run '^TestDocs$$' ./cmd/kmsmac -docs

GORELEASER := $(GO) run github.com/goreleaser/goreleaser/v2@v2.15.4

release-check: ## .goreleaser.yaml against goreleaser's own linter
	$(GORELEASER) check

release-try: ## everything that a release has, into dist/, published nowhere; needs syft
	$(GORELEASER) release --snapshot --clean

reproducible: ## two builds of this commit, in two directories, are the same bytes
	@d=$$(mktemp -d) && trap 'rm -rf "$$d"' EXIT && git clone -q . "$$d/a" && git clone -q "$$d/a" "$$d/longer/b" && for n in a longer/b; do \
	  (cd "$$d/$$n" && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -buildid=' -o out ./cmd/kmsmac) || exit 1; \
	done && cmp "$$d/a/out" "$$d/longer/b/out" && sha256sum <"$$d/a/out"

power: ## proof that the suite can see: every deviation of the emulator, every mutation of a clean answer
	@mkdir -p bin && $(GO) test -c -o bin/power.test ./conformance
	@cd conformance && ../bin/power.test -test.run '^(TestEmulator|TestPower|TestDeviations)$$' -test.timeout 30m -whole

gate-power: ## proof: 1,000 simulated gates of recorded rounds, false alarms and what is found (GATE_POWER=short for CI)
	@mkdir -p bin && $(GO) test -c -o bin/gate-power.test ./results
	@cd results && ../bin/gate-power.test -gates $(if $(filter short,$(GATE_POWER)),100,1000) -known ../docs/known-short.md

gate-self: ## TRIES (default 50) gates of the engine with itself, and one with a build that is slower on purpose
	@mkdir -p bin && $(GO) test -c -o bin/gate-self.test ./cmd/kmsmac
	@cd cmd/kmsmac && ../../bin/gate-self.test -gate-tries $(or $(TRIES),50)

timing: ## two classes of input, one time: Welch's t of every implementation, and of a control that leaks
	$(GO) test -count=1 -timeout 60m -v -run '^TestTiming' ./engine -timing

engine-soak: ## JOBS (default 10 million) random jobs per implementation and algorithm against crypto/hmac
	$(GO) test -count=1 -timeout 12h -v -run '^TestSoak$$' ./engine -soak $(or $(JOBS),10000000) -soak-seed $(or $(SEED),1)

engine-long: ## every length 0 to 4160, alignment and batch size on every implementation, against crypto/hmac
	$(GO) test -count=1 -timeout 12h ./engine -long

arm64: ## the engine's tests on arm64, emulated by qemu-aarch64 (Debian package qemu-user)
	@if command -v qemu-aarch64 >/dev/null; then \
	  CGO_ENABLED=0 GOARCH=arm64 $(GO) test -short -timeout 30m -exec qemu-aarch64 ./engine/... ./vectors; \
	else echo 'skipped: arm64 tests: qemu-aarch64 is not installed (Debian package qemu-user)'; fi

peers: ## build bin/kmsmac-peers for bench engine --peers: needs cgo, libssl-dev, libipsec-mb-dev
	cd bench/peers && CGO_ENABLED=1 $(GO) test -count=1 ./... && CGO_ENABLED=1 $(GO) build -trimpath -o ../../bin/kmsmac-peers .

engine-goals: build peers ## proof: the engine's speed beside its peers', one row for each goal
	$(BIN) bench engine --goals docs/known-short.md

shard-test: ## three processes as an array job, one killed, one late; shards merge into the whole; a hundred shards of an hour (SHARD_TEST=short for CI)
	$(GO) test -c -o bin/shard-merge.test ./bench
	@rm -f bin/shard-goals.txt; SHARD_TEST=$(or $(SHARD_TEST),full) SHARD_ROWS=$(CURDIR)/bin/shard-goals.txt $(GO) test -count=1 -timeout 30m -run '^TestShardGoals$$' ./cmd/kmsmac; \
	  rc=$$?; cat bin/shard-goals.txt; exit $$rc

k6: ## build bin/k6: k6 with kmsmac's module, output and merge (AGPL-3.0; the first build takes minutes)
	cd bench/k6x && CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X github.com/kmsmac/kmsmac/bench/k6x.version=$(VERSION)' -o ../../bin/k6 ./cmd/k6

k6-test: build ## the tests of bench/k6x: three k6 processes, one killed; CPU beside bench kms; manifests (K6_TEST=short for CI)
	@rm -f bin/k6-goals.txt; cd bench/k6x && export CGO_ENABLED=0 && $(GO) vet -trimpath ./... && \
	  { K6_TEST=$(or $(K6_TEST),full) KMSMAC_BIN=$(CURDIR)/$(BIN) K6_ROWS=$(CURDIR)/bin/k6-goals.txt $(GO) test -trimpath -count=1 -timeout 30m ./...; rc=$$?; cat ../../bin/k6-goals.txt; exit $$rc; }

generate: ## run every generator
	$(GO) generate ./...

cover: ## coverage of all packages
	$(GO) test -short -coverprofile=bin/cover.out -coverpkg=./... ./...
	$(GO) tool cover -func=bin/cover.out | tail -1

clean: ## remove what was built
	rm -rf bin dist

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16
