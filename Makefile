# Verdin: everything a developer runs. `make` lists the targets.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 10s

.PHONY: help check fuzz bench scenarios demo test-real

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' Makefile

check: ## format, vet, staticcheck, all tests under the race detector (architecture rules among them)
	@bad=$$(gofmt -l .); if [ -n "$$bad" ]; then echo "gofmt these files:"; echo "$$bad"; exit 1; fi
	go vet ./... ./.ci/report
	go vet -tags real ./...
	$(STATICCHECK) ./... ./.ci/report
	go test -race ./... ./.ci/report

fuzz: ## run each fuzz target for FUZZTIME (10s)
	@.ci/fuzz $(FUZZTIME)

bench: ## run all benchmarks; RUN=regexp picks some
	go test -run '^$$' -bench '$(or $(RUN),.)' -benchmem ./...

scenarios: ## rewrite golden files; say in the commit why they moved
	@dirs=$$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -r dirname | sort -u); \
	if [ -z "$$dirs" ]; then echo "no test has an -update flag"; exit 1; fi; \
	go test $$dirs -update; git status --short

demo: ## play a rollout on this machine; ARGS="--scenario errors" picks another
	go run ./cmd/verdin demo $(ARGS)

test-real: ## tests against a real Kafka broker and a NATS server process, both started here
	@.ci/test-real
