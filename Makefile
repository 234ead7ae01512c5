# Everything a person or a pipeline does with this checkout. `make` alone lists the targets.
# The only thing needed on the machine is Python 3.11 or newer with its venv module.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -qq
CANDIDATES := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python
DEMO := .demo
SERVICES ?= 240
MONTHS ?= 6
SEED ?= 7
MINUTES ?= 60
DAY ?= $(shell date +%F)
UV ?= uv
MUTATED ?= reconcile rebill/pricing
LAW := $(addprefix tests/law/test_,house.py rooms.py architecture.py readmes.py)

.PHONY: help install demo test check bench soak mutants format docs site release lock clean

help: ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

install: $(VENV)/installed ## Make .venv with the pinned packages and the command .venv/bin/rebill.

demo: install ## Build an invented carrier in .demo, run its nights and show what was found.
	@rm -rf $(DEMO)
	@$(VENV)/bin/rebill demo $(DEMO) --services $(SERVICES) --months $(MONTHS) --seed $(SEED)

# Two workers on two cores take one thread each; `test_threads` looks at what the number of threads
# could change.
test: install ## Run the whole suite (ten minutes on two cores); the law is `make check`.
	@POLARS_MAX_THREADS=1 $(PY) -m pytest -n 2 --dist worksteal -m "not soak" $(LAW:%=--ignore=%)

check: install ## Lint, format, types, the law of the house, generated pages up to date.
	@wrong=0; \
	$(PY) -m ruff check --quiet . || wrong=1; \
	$(PY) -m ruff format --check --quiet . || { echo "layout: run make format"; wrong=1; }; \
	$(PY) -m mypy || wrong=1; \
	$(PY) -m pytest --quiet $(LAW) || wrong=1; \
	$(PY) -m docs.generate --check || wrong=1; \
	exit $$wrong

bench: $(VENV)/bench ## Measure against DuckDB and pandas, in time and memory (an hour; SHORT=1: minutes).
	@$(PY) -m benchmarks $(if $(SHORT),--short)

soak: install ## Run the long forms too: large example counts, real kills, invented months for MINUTES (60).
	@HYPOTHESIS_PROFILE=soak REBILL_SOAK_MINUTES=$(MINUTES) $(PY) -m pytest -n 2 --dist worksteal

mutants: install ## Make the code wrong in one place at a time: a test must say so (hours).
	@$(PY) tests/support/mutants.py $(MUTATED)

format: install ## Put imports and layout in order.
	@$(PY) -m ruff check --fix --quiet .
	@$(PY) -m ruff format --quiet .

docs: install ## Write the generated pages below docs/ again.
	@$(PY) -m docs.generate

site: $(VENV)/site ## Build the documentation as a site in build/site: searched and read without a network.
	@$(PY) -m docs.site
	@echo "build/site/index.html"

release: install ## Cut a version of what is unreleased in CHANGELOG.md (VERSION=x.y.z).
	@$(PY) -m docs.release $(VERSION) $(DAY)

lock: ## Pin what pyproject.toml asks for, with hashes (needs uv).
	@for set in dev:requirements.txt bench:requirements-bench.txt site:requirements-site.txt; do \
	  $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	    $$([ $${set%%:*} = dev ] || echo --constraint requirements.txt) \
	    $$([ $${set%%:*} = dev ] && echo pyproject.toml) \
	    --group $${set%%:*} --output-file $${set##*:}; done

clean: ## Remove what the targets above made.
	@rm -rf $(VENV) $(DEMO) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# Each candidate is run, not only looked for: a name on the PATH may be a shim with nothing behind.
$(VENV)/installed: requirements.txt pyproject.toml setup.py
	@if ! $(PY) -c 'import pip' 2>/dev/null; then \
	  found=; \
	  for python in $(CANDIDATES); do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	      2>/dev/null; then found=$$python; break; fi; done; \
	  if [ -z "$$found" ]; then \
	    echo "Python 3.11 or newer with its venv module was not found (tried: $(CANDIDATES))." >&2; \
	    echo "Install it, or name it: make PYTHON=/path/to/python3.11 install" >&2; exit 1; fi; \
	  echo "making $(VENV) with $$("$$found" --version)"; \
	  "$$found" -m venv --clear $(VENV); fi
	@echo "installing the pinned packages"
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/bench: $(VENV)/installed requirements-bench.txt
	@$(PIP) install --require-hashes -r requirements-bench.txt
	@touch $@

$(VENV)/site: $(VENV)/installed requirements-site.txt
	@$(PIP) install --require-hashes -r requirements-site.txt
	@touch $@
