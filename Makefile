# `make demo` and `make test` set everything up; the rest assumes `make test` or `make install` ran once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt
# Sounds for the demo: make demo SOUNDS=my.wav
SOUNDS ?= examples

unexport PYTHONDONTWRITEBYTECODE # each of the processes that the tests start would compile the sources anew

.PHONY: help demo install test test-full test-lowest check format docs bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       set up the small runtime in $(VENV) (no torch) and tag sounds"
	@echo "make test       install the rest into $(VENV) and run the tests (under 5 minutes)"
	@echo "make test-full  all tests, with the slow and full-size ones"
	@echo "make test-lowest  the tests with the lowest allowed versions of the dependencies, in .venv-lowest"
	@echo "make check      formatting, lint, types, and the files for GitHub"
	@echo "make format     put the code into shape"
	@echo "make docs       build the documentation site into site/"
	@echo "make bench      measure speed and memory"
	@echo "make clean      remove $(VENV) and caches"

$(VENV)/.base: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'panns needs Python 3.11 or newer; name one with make PYTHON=...')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

# torch first and alone. On Linux, the variable PIP_EXTRA_INDEX_URL may name an index of its CPU builds (pytorch.org
# shows it): the plain one brings gigabytes of CUDA.
$(VENV)/.dev: $(VENV)/.base
	$(PIP) torch==2.13.0
	$(PIP) -e '.[dev]'
	touch $@

demo: $(VENV)/.base
	$(BIN)/panns tag $(SOUNDS)

install: $(VENV)/.dev

test: install
	$(BIN)/python -m pytest -q -n auto --dist loadscope -m "not slow"

# Coverage counts the tests' own processes and those that they start; the floor is in pyproject.toml.
test-full: install
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -q -n auto -rs --hypothesis-profile=panns-full
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report

# uv finds the lowest versions that fit each other and have wheels for this Python; pip installs them, torch first.
test-lowest:
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python -m pip install --disable-pip-version-check -q uv
	.venv-lowest/bin/uv pip compile pyproject.toml --all-extras --resolution lowest-direct --only-binary :all: --python .venv-lowest/bin/python -q -o .venv-lowest/constraints.txt
	.venv-lowest/bin/python -m pip install --disable-pip-version-check -q -c .venv-lowest/constraints.txt torch
	.venv-lowest/bin/python -m pip install --disable-pip-version-check -q -c .venv-lowest/constraints.txt -e '.[dev]'
	.venv-lowest/bin/python -m pytest -q -n auto --dist loadscope -m "not slow"

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/checks.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/bug.yml .github/ISSUE_TEMPLATE/feature.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.citation-file-format CITATION.cff

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

bench: install
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .venv-lowest site .pytest_cache .mypy_cache .ruff_cache .hypothesis
