# `make demo` and `make test` do all the set-up themselves; nothing else needs to be run before them.
PY   ?= python3
BIN  := .venv/bin
STAMP := .venv/.ready

.PHONY: setup demo test fuzz check bench bench-sandbox bench-cheats bench-aa bench-plans bench-in-loop bench-verifiers-throughput bench-long bench-review bench-verifiers-search bench-discovery bench-analysis mutants test-all vllm clean

$(STAMP): pyproject.toml constraints.txt scripts/setup
	PYTHON=$(PY) scripts/setup

setup: $(STAMP)  ## make .venv with everything the demo and the tests need

demo: $(STAMP)  ## four hypotheses on the digits task with the embedded model, in a quarter of an hour at most
	$(BIN)/pelagos models get embedded
	PELAGOS_LITERATURE__SOURCES='["corpus"]' $(BIN)/pelagos run digits --hypotheses 4 --hours 0.24

test: $(STAMP)  ## the default suite, on three workers: its tests wait as much as they compute
	$(BIN)/pytest -q -n 3 --dist loadfile

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

bench-aa: $(STAMP)  ## 60 edits that change nothing through the real run; resumable, about half an hour
	$(BIN)/python -m benchmarks.judging.aa

bench-plans: $(STAMP)  ## plans with measured effects: labels what is missing (resumable, hours in all), then ranks
	$(BIN)/python -m benchmarks.plans measure
	$(BIN)/python -m benchmarks.plans rank

bench-in-loop: $(STAMP)  ## plans ranked or not in the loop, at equal tokens; resumable, about an hour with the embedded model
	$(BIN)/python -m benchmarks.plans.in_loop

bench-verifiers-throughput: $(STAMP)  ## scoring plans in one pass against a call a step; needs make vllm; ITS_HUB=FOLDER; a quarter of an hour
	$(BIN)/python -m benchmarks.verifiers.throughput $(if $(ITS_HUB),--its-hub $(ITS_HUB))

bench-long: $(STAMP)  ## 4,000 scripted hypotheses: what grows with a run; resumable, 15 to 40 minutes on a quiet machine
	$(BIN)/python -m benchmarks.long_run --hypotheses 4000 --folder runs/bench-long

bench-review: $(STAMP)  ## the review page with 10,000 hypotheses: views, search, memory; about five minutes
	$(BIN)/python -m benchmarks.review

bench-verifiers-search: $(STAMP)  ## verifiers and search on exact chains, tiny models from scratch; resumable, about an hour
	$(BIN)/python -m benchmarks.chain

bench-discovery: $(STAMP)  ## others' gold hypotheses through the table tools; DATA=FOLDER of DiscoveryBench; resumable, a quarter of an hour
	$(BIN)/python -m benchmarks.discovery --data $(DATA) --losses

bench-analysis: $(STAMP)  ## null and planted control of the whole loop, memory and time of the workflows; resumable, about an hour
	$(BIN)/pelagos data get ad-csf
	$(BIN)/pelagos data get uniprot-human
	$(BIN)/pelagos data get gene-sets
	$(BIN)/python -m benchmarks.analysis.growth
	$(BIN)/python -m benchmarks.analysis.null_control

mutants: $(STAMP)  ## small faults in the code: do the tests of its room notice? resumable; ROOMS="judging edits", SEED=2
	$(BIN)/python -m benchmarks.mutants $(ROOMS) $(if $(SEED),--seed $(SEED))

vllm: $(STAMP)  ## an environment of its own for the vLLM server
	$(BIN)/python -m agents.models.vllm.environment

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache
