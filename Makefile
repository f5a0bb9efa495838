# make demo    a recurrent network learns to read handwritten digits, from nothing
# make test    everything that continuous integration checks
# make native  the C++ core by itself: sanitizers; older processors and arm64, emulated (part of make test)
# make torch-tests  PyTorch's own tests of recurrent modules on ours; TORCH_CHECKOUT=PATH adds test/ there
# make docs    the site under build/docs/html: every page's code runs, an error or a warning fails it
# make bench   Elman and its peers side by side, BENCHMARKS.md from it (an hour, a quiet machine)
# make drills  all long checks (kills, full disks, hostile files), their result kept under benchmarks/results/

PYTHON ?= python3
VENV   ?= .venv
BENCH  ?= .venv-bench
DOCS   ?= .venv-docs
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q
NATIVE := CMakeLists.txt pyproject.toml $(shell find native -name '*.cpp' -o -name '*.h' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: bench docs help demo test torch-tests lint types contracts native drills format clean

help:
	@sed -n 's/^# make /make /p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Elman needs Python 3.11 or newer; found $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The demo needs only what a user has; the checks also need the developers' tools.
$(VENV)/.train: $(BIN)/python constraints.txt $(NATIVE)
	@echo "Installing Elman with PyTorch into $(VENV) (a few minutes, once) ..."
	$(PIP) install -c constraints.txt -e '.[train]'
	@touch $@

$(VENV)/.dev: $(BIN)/python constraints.txt $(NATIVE)
	@echo "Installing Elman with PyTorch and the developers' tools into $(VENV) (a few minutes, once) ..."
	$(PIP) install -c constraints.txt --config-settings cmake.define.ELMAN_NATIVE_TESTS=ON \
	  -e '.[train,parquet,sound,text,dev]'
	@touch $@ $(VENV)/.train

demo: $(VENV)/.train
	@$(BIN)/elman train --config digits-demo

test: lint types contracts native
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run --Werror $$(git ls-files --cached --others --exclude-standard '*.cpp' '*.h')

types: $(VENV)/.dev
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

native: $(VENV)/.dev
	native/check.sh $(BIN)/python

docs: $(DOCS)/.docs
	rm -rf docs/gallery docs/_pictures build/docs/html
	$(DOCS)/bin/python -m sphinx --fail-on-warning --fresh-env --write-all -q docs build/docs/html
	$(DOCS)/bin/python docs/_extensions/outside.py build/docs/html
	@echo "build/docs/html/index.html"

$(DOCS)/.docs: constraints.txt $(NATIVE)
	@echo "Installing Elman and what the site is built with into $(DOCS) (a few minutes, once) ..."
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip --disable-pip-version-check -q install -c constraints.txt -e '.[docs]'
	@touch $@

bench: $(BENCH)/.bench
	$(BENCH)/bin/python -m benchmarks.run
	$(BENCH)/bin/python -m benchmarks.report

$(BENCH)/.bench: constraints.txt $(NATIVE)
	@echo "Installing Elman and the peers into $(BENCH) (several minutes, once) ..."
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip --disable-pip-version-check -q install -c constraints.txt -e '.[bench,clients]'
	$(BENCH)/bin/python -m pip --disable-pip-version-check -q install -c constraints.txt --no-deps joeynmt
	@touch $@

torch-tests: $(VENV)/.dev
	$(BIN)/python -m tests.torch_suite $(if $(TORCH_CHECKOUT),--checkout '$(TORCH_CHECKOUT)')

drills: $(VENV)/.dev
	$(BIN)/python -m tests.drills

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $$(git ls-files --cached --others --exclude-standard '*.cpp' '*.h')

clean:
	rm -rf build dist $(VENV)
