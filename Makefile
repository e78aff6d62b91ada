# `make demo` and `make test` do all the set-up themselves; nothing else needs to be run before them.
PY   ?= python3
BIN  := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test fuzz check bench bench-sandbox bench-cheats test-all vllm clean

$(STAMP): pyproject.toml constraints.txt scripts/setup
	PYTHON=$(PY) scripts/setup

setup: $(STAMP)  ## make .venv with everything the demo and the tests need

demo: $(STAMP)  ## four hypotheses on the digits task with the embedded model, in a quarter of an hour at most
	$(BIN)/pelagos models get embedded
	PELAGOS_LITERATURE__SOURCES='["corpus"]' $(BIN)/pelagos run digits --hypotheses 4 --hours 0.24

test: $(STAMP)  ## the default suite, on two workers: its tests wait more than they compute
	$(BIN)/pytest -q -n 2 --dist loadfile

fuzz: $(STAMP)  ## 10,000 hostile inputs for each reader of what sandboxed programs write; some minutes
	$(BIN)/pytest -q -m "" tests/sandbox/border

test-docker: $(STAMP)  ## what needs a Docker engine; starts one where none answers (root)
	scripts/container-engine with docker $(BIN)/pytest -q -m docker -k "not podman"

test-podman: $(STAMP)  ## the same with Podman
	scripts/container-engine with podman $(BIN)/pytest -q -m docker -k podman

test-all: $(STAMP)  ## the default suite and everything this machine can carry
	$(BIN)/pytest -q -m ""

check: $(STAMP)  ## format, lint, types, room walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP)  ## measure again what docs/benchmarks.md shows; resumable, takes hours
	$(BIN)/python -m benchmarks

bench-sandbox: $(STAMP)  ## what the sandbox costs and whether it leaves anything; about 15 minutes
	$(BIN)/python -m benchmarks.sandbox latency $(if $(AIDE),--aide $(AIDE))
	$(BIN)/python -m benchmarks.sandbox overhead
	$(BIN)/python -m benchmarks.sandbox endurance

bench-cheats: $(STAMP)  ## cheats and honest programs through sandbox, evaluator and audit; resumable, about ten minutes
	$(BIN)/python -m benchmarks.cheats

vllm: $(STAMP)  ## an environment of its own for the vLLM server
	$(BIN)/python -m agents.models.vllm_env

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
