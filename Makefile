# The commands of this project. `make` alone lists them.

CARGO ?= cargo
RELEASE := target/release
DEV := target/debug

.PHONY: help run test lint demo bench docs

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

run: ## Build and start the service on http://127.0.0.1:8080 (ARGS="--port 9000 …")
	$(CARGO) build --release -p hfdownloader
	$(RELEASE)/hfdownloader serve $(ARGS)

test: ## Install what the tests need, then run all of them
	tests/setup.sh
	$(CARGO) test --workspace

lint: ## Check format, lints, documentation, licences
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny check bans licenses sources; \
	else echo "cargo-deny is not installed (cargo install --locked cargo-deny): licences not checked"; fi

demo: ## Download a small repository from a fake Hub on this machine and show it
	$(CARGO) build --workspace --bins
	tests/demo.sh $(DEV)

bench: ## Compare with other tools on this machine (a table, and target/bench.json)
	tests/setup.sh
	$(CARGO) build --release --workspace --bins
	tests/bench/bench.py $(RELEASE)

docs: ## Write the documents that are made from the code
	$(CARGO) build -p hfdownloader
	$(DEV)/hfdownloader openapi > openapi/openapi.yaml
	$(DEV)/hfdownloader configuration > docs/configuration.md
