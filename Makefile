# `make demo` and `make test` set everything up; the rest assumes `make test` or `make install` ran once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt
# Sounds for the demo: make demo SOUNDS=my.wav
SOUNDS ?= examples

.PHONY: help demo install test test-full check format bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       set up the small runtime in $(VENV) (no torch) and tag sounds"
	@echo "make test       install the rest into $(VENV) and run the tests (under 5 minutes)"
	@echo "make test-full  all tests, with the slow and full-size ones"
	@echo "make check      formatting, lint and types"
	@echo "make format     put the code into shape"
	@echo "make bench      measure speed and memory"
	@echo "make clean      remove $(VENV) and caches"

$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'panns needs Python 3.11 or newer; name one with make PYTHON=...')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

# torch first and alone: with a range, pip would take the newest build and gigabytes of CUDA with it.
$(VENV)/.dev: $(VENV)/.base
	$(PIP) torch==2.13.0
	$(PIP) -e '.[dev]'
	touch $@

demo: $(VENV)/.base
	$(BIN)/panns tag $(SOUNDS)

install: $(VENV)/.dev

test: install
	$(BIN)/python -m pytest -q -n auto --dist loadscope -m "not slow and not gpu"

test-full: install
	$(BIN)/python -m pytest -q -n auto -m "not gpu"

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
