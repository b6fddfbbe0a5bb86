# The commands of this project. `make` alone lists them.

comma := ,
CARGO ?= cargo
RELEASE := target/release
DEV := target/debug
CRITERION := --bench hash --bench parts --bench selection --bench store
# A test that fails says why; a backtrace of the harness behind it only pushes that out of sight.
export RUST_LIB_BACKTRACE ?= 0
# Tests of whole processes wait more than they work: at least four at a time.
export RUST_TEST_THREADS ?= $(shell cores=$$(nproc); [ "$$cores" -gt 4 ] && echo "$$cores" || echo 4)
# Tests fill gigabytes, and /tmp may be memory; their servers are on this machine, whatever proxy there is.
export TMPDIR ?= /var/tmp
NO_PROXY := $(or $(NO_PROXY),$(no_proxy))
export NO_PROXY := $(NO_PROXY)$(if $(NO_PROXY),$(comma))127.0.0.1,localhost
export no_proxy := $(NO_PROXY)
SCRIPTS = $$(git grep -lE '^\#!.*[ /](ba)?sh')

.PHONY: help build run test chaos fuzz lint demo bench clients docs screenshots fixtures images sbom try-compose

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

build: ## Build the three programs into target/release
	$(CARGO) build --release -p hfdownloader -p hfd-api -p hfd-worker

run: ## Build and start the service on http://127.0.0.1:8080 (ARGS="--port 9000 …")
	$(CARGO) build --release -p hfdownloader
	$(RELEASE)/hfdownloader serve $(ARGS)

# Cargo builds a program by itself for the tests of its own package only; with --tests it has the features that the tests have.
test: ## Install what the tests need, then run all of them
	tests/setup.sh
	$(CARGO) build --workspace --bins --tests
	$(CARGO) test --workspace

chaos: ## Break a cluster at random for five minutes (HFD_CHAOS_SECONDS=600, HFD_TEST_SEED=7 to repeat a run)
	tests/setup.sh
	$(CARGO) build --workspace --bins
	HFD_CHAOS_SECONDS=$${HFD_CHAOS_SECONDS:-300} $(CARGO) test -p hfd-tests --test cluster -- --nocapture chaos::

fuzz: ## Throw 500,000 random requests at the service, and 1000 of schemathesis at each operation (HFD_TEST_SEED=7 to repeat a run)
	tests/setup.sh
	$(CARGO) build --workspace --bins
	HFD_TEST_SEED=$${HFD_TEST_SEED:-$$(date +%s)} HFD_FUZZ_REQUESTS=$${HFD_FUZZ_REQUESTS:-500000} HFD_SCHEMATHESIS_EXAMPLES=$${HFD_SCHEMATHESIS_EXAMPLES:-1000} \
		$(CARGO) test -p hfd-tests --test contract -- --nocapture fuzz:: schemathesis::

lint: ## Check format, lints, documentation, licences, and the types of the page
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy -p hfd-worker -p hfdownloader --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; \
	else echo "cargo-deny is not installed (cargo install --locked cargo-deny): licences not checked"; fi
	api/ui/check.sh
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "shellcheck is not installed: scripts not checked"; fi

demo: ## Download a small repository from a fake Hub on this machine and show it
	$(CARGO) build --workspace --bins
	tests/demo.sh $(DEV)

bench: ## Compare with other tools on this machine: a table, and target/bench.json (ARGS="--case one --runs 1 --scale 10" …)
	tests/bench/setup.sh
	$(CARGO) build --release --workspace --bins $(CRITERION)
	$(CARGO) bench --workspace $(CRITERION) -- \
		--noplot --sample-size 10 --warm-up-time 0.5 --measurement-time 2
	python3 tests/bench $(RELEASE) $(ARGS)

clients: ## Generate clients for Python, TypeScript and Go into target/clients
	clients/generate.sh python
	clients/generate.sh typescript
	clients/generate.sh go

docs: ## Write the documents that are made from the code
	$(CARGO) build -p hfdownloader
	$(DEV)/hfdownloader openapi > openapi/openapi.yaml
	$(DEV)/hfdownloader configuration > docs/configuration.md
	HFD_WRITE_DOCS=1 $(CARGO) test -p hfd-shared --lib metrics::table::
	HFD_WRITE_DOCS=1 $(CARGO) test -p hfd-tests --test contract document::
	tests/setup.sh
	target/tools/bin/helm-docs --log-level warning --sort-values-order file --chart-search-root deploy/helm

screenshots: ## Take the README's pictures of the page anew (docs/screenshots)
	tests/setup.sh
	$(CARGO) build --workspace --bins
	$(CARGO) test -p hfd-tests --test browser -- --ignored pictures::

fixtures: ## Make the repositories that the analyzer is tested with anew (installs PyTorch into target/fixtures, 3 GB)
	python3 -m venv target/fixtures
	target/fixtures/bin/pip install --quiet -r tests/python/fixtures/requirements.txt
	target/fixtures/bin/python tests/python/fixtures/make.py tests/fixtures/repos

images: ## Build the container images (deploy/docker/build says what can be set)
	deploy/docker/build

sbom: ## Write CycloneDX bills of materials of the three programs, as Linux gets them, into target/sbom
	$(CARGO) install --quiet --locked --root target/tools cargo-cyclonedx@0.5.9
	target/tools/bin/cargo-cyclonedx cyclonedx --format json --spec-version 1.5 --describe binaries --no-build-deps \
		--target x86_64-unknown-linux-gnu
	mkdir -p target/sbom
	for program in api/hfd-api worker/hfd-worker cli/hfdownloader; do \
		mv "$${program}_bin.cdx.json" "target/sbom/$$(basename "$$program").cdx.json" || exit 1; \
	done
	rm -f */*_bin.cdx.json

try-compose: ## Try docker-compose.yml with a container engine (deploy/try-compose --local-bases where no image can be pulled)
	deploy/try-compose
