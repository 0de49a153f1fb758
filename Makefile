# What a developer and CI run. `make help` lists the targets.
#
# A fresh machine needs Python 3.11 or later, Node.js 20 or later, git and make. Everything else is
# made here: the Python environment in .venv (versions and hashes from constraints.txt), the
# browser's files (package-lock.json), and for the tests Chromium, PostgreSQL and a font from
# Debian's packages where they are missing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
MODULES := node_modules/.ready
BUILT := tracker/web/assets/manifest.json
REPORTS := build/reports

# Arguments of `tracker demo`: make demo DEMO_ARGS="--exit" makes the data and ends.
DEMO_ARGS ?=
# More arguments for pytest: make test-default PYTEST_ARGS="-x -k spend"
PYTEST_ARGS ?=
# Processes of a suite, each with whole files; 0 runs it in one, for a debugger.
TEST_JOBS ?= 2

##@ Use

.PHONY: demo
demo: install  ## Make 90 days of a demo company, serve its dashboard until Ctrl-C
	$(BIN)/tracker demo $(DEMO_ARGS)

.PHONY: install
install: $(READY) $(BUILT)  ## The Python environment and the browser's files

##@ Test

# Each suite writes a report; .ci/check-suites reads them.
pytest = mkdir -p $(REPORTS) && $(BIN)/python -m pytest --durations=5 \
	--junitxml=$(REPORTS)/$(1).xml -o junit_suite_name=$(1) -m "$(2)" \
	--numprocesses=$(TEST_JOBS) --dist=loadfile $(PYTEST_ARGS)

.PHONY: test
test: test-needs install  ## All tests; those that take long at full length in a short form
	@$(MAKE) --keep-going test-default test-slow test-browser crash TEST_LENGTH=short

.PHONY: test-default
test-default: test-needs install  ## The suite to run at every change
	$(call pytest,default,not browser and not crash and not slow)

.PHONY: test-slow
test-slow: install  ## What takes long: the installed wheel, concurrent readers, races
	$(call pytest,slow,slow and not browser and not crash)

.PHONY: test-browser
test-browser: test-needs install  ## Real Chromium on real pages
	$(call pytest,browser,browser)

# TEST_LENGTH is read by the tests that can be longer or shorter: `short` or `full`.
TEST_LENGTH ?= full
export TEST_LENGTH

.PHONY: crash
crash: test-needs install  ## Kill the server at bad moments, many times
	$(call pytest,crash,crash and not browser)

# atheris, which follows the coverage, is used where a wheel of it fits; nothing else needs it.
.PHONY: fuzz
fuzz: install  ## A million hostile requests to the public entrances
	-@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet \
		--disable-pip-version-check --no-input --no-deps atheris
	$(BIN)/python -m tests.fuzz

.PHONY: check
check: install $(MODULES)  ## Format, lint and types of Python and TypeScript, the layering
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	npm run --silent check
	$(BIN)/python -m pytest -q tests/test_layering.py

.PHONY: format
format: $(READY) $(MODULES)  ## Write the format that `make check` asks for
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	npm run --silent format

# One module of bench/ a figure; bench/README.md says what each measures.
BENCHES := ingest soak loader storage beacon spend attribution reports reconcile

.PHONY: bench
bench: install  ## Every figure of bench/README.md; one alone: make bench-NAME
	@$(MAKE) --keep-going $(addprefix bench-,$(BENCHES))

.PHONY: $(addprefix bench-,$(BENCHES))
$(addprefix bench-,$(BENCHES)): install
	$(BIN)/python -m bench.$(patsubst bench-%,%,$@)

##@ Make

.PHONY: assets
assets: $(BUILT)  ## The browser's files, where their sources have changed

.PHONY: dist
dist: install  ## The wheel and the sdist, in dist/
	$(BIN)/python -m hatchling build

.PHONY: lock
lock: $(READY)  ## Newest versions that pyproject.toml allows, into constraints.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url \
		--no-header --all-extras --group dev pyproject.toml --output-file constraints.txt

.PHONY: clean
clean:  ## Remove whatever these targets made, except data directories
	rm -rf $(VENV) node_modules build dist tracker/web/assets tracker/ingest/country.mmdb \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: help
help:
	@awk 'BEGIN {FS = ":.*## *"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# -- how they are made -----------------------------------------------------------------------------

.PHONY: test-needs
test-needs:
	@deploy/system-packages postgresql $(if $(TRACKER_SKIP_BROWSER),,chromium fonts)

# NOTE: hashes are checked for every package (--require-hashes), so the product itself, which has
# none, is installed in a second step, by the hatchling of the lock.
$(READY): constraints.txt pyproject.toml
	@PYTHON="$(PYTHON)" deploy/system-packages python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the Python packages of constraints.txt into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
		--no-deps --no-build-isolation --editable .
	@# A command is a process of its own: without bytecode it compiles everything it imports.
	@$(BIN)/python -m compileall -q tracker
	@touch $@

$(MODULES): package-lock.json package.json
	@deploy/system-packages node
	npm ci --loglevel=error
	@touch $@

SOURCES := build.mjs tsconfig.json $(shell find snippet dashboards/static -type f 2>/dev/null)

$(BUILT): $(MODULES) $(SOURCES)
	npm run --silent build
	@touch $@
