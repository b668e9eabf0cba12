# Everything a person does with a checkout. `make` lists it; `make demo` and `make test` are the two to know.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PINNED := pyproject.toml constraints.txt
# Tests of one file stay together: they share what its fixtures make. In their order, so that the browser's, which take
# longest, come first and neither process waits for the other at the end.
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
PIP_INSTALL := $(BIN)/python -m pip install --quiet -c constraints.txt
DEMO := FOOTNOTE_DATA_DIR=demo-data FOOTNOTE_GROUPS_FILE=samples/groups.yaml
DEMO_INPUT := $(shell find samples/documents -type f)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: demo-data/.ingested ## Chat with the sample documents in the browser
	@echo
	@echo "Two questions to try:"
	@echo "  I lost my laptop. Whom do I call, and by when?"
	@echo "  What does the satellite version of the Skerry G2 gateway cost?"
	@echo
	@exec env $(DEMO) $(BIN)/footnote web

.PHONY: install
install: $(VENV)/.dev ## Install Footnote with the tools to work on it

.PHONY: ingest
ingest: $(VENV)/.app ## Ingest a folder (DOCS=folder), or every configured source
	$(BIN)/footnote ingest $(DOCS)

.PHONY: web
web: $(VENV)/.app ## Start the web application on your own data folder
	@exec $(BIN)/footnote web

.PHONY: format
format: $(VENV)/.dev ## Format the code and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: $(VENV)/.dev ## Check format, style, types and the layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: test
test: $(VENV)/.test ## Run the tests; installs Chromium and PostgreSQL where it may
	@tests/ensure_packages.sh $(BIN)/python
	$(PYTEST) -m "not slow"

.PHONY: test-all
test-all: $(VENV)/.test ## Run the tests and the slow ones
	@tests/ensure_packages.sh $(BIN)/python
	$(PYTEST)

.PHONY: check
check: lint test ## What has to pass before a change is committed

.PHONY: docs
docs: $(VENV)/.test ## Write the parts of the documentation that come from the code
	$(BIN)/python docs/generate.py

.PHONY: bench
bench: $(VENV)/.bench ## Compare with LlamaIndex's default pipeline (DOCS=folder)
	$(BIN)/python -m benchmarks.ingest $(or $(DOCS),samples/documents)
	$(BIN)/python -m benchmarks.query $(or $(DOCS),samples/documents)

.PHONY: clean
clean: ## Remove the demo's data, caches and build output (not the environment)
	rm -rf demo-data build dist benchmarks/out htmlcov .coverage
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# Stamps: each says that one set of packages is installed, and is renewed when the pins change.

$(VENV)/bin/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Footnote needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "No virtual environment could be made; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/.pip: $(VENV)/bin/python constraints.txt
	@# --group needs pip 25.1; Python 3.11 brings an older one.
	@$(PIP_INSTALL) --upgrade pip
	@touch $@

$(VENV)/.app: $(VENV)/.pip $(PINNED)
	@echo "Installing Footnote into $(VENV) (about 2.5 GB, some minutes the first time) ..."
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.pip $(PINNED)
	@echo "Installing Footnote and its tests into $(VENV) ..."
	@$(PIP_INSTALL) -e . --group test
	@touch $@ $(VENV)/.app

$(VENV)/.dev: $(VENV)/.pip $(PINNED)
	@echo "Installing Footnote and the development tools into $(VENV) ..."
	@$(PIP_INSTALL) -e . --group dev
	@touch $@ $(VENV)/.app $(VENV)/.test

$(VENV)/.bench: $(VENV)/.pip $(PINNED)
	@$(PIP_INSTALL) -e . --group test --group bench
	@touch $@ $(VENV)/.app $(VENV)/.test

# Ingesting again would change nothing, but starting the process costs three seconds.
demo-data/.ingested: $(DEMO_INPUT) | $(VENV)/.app
	@mkdir -p $(@D)
	$(DEMO) $(BIN)/footnote ingest samples/documents --yes
	@touch $@
