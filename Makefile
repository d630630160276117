# Two commands are enough: `make book` and `make test`. Both make the environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INPUTS := $(shell find index.ipynb chapters code data _static _config.yml _toc.yml -type f \
	-not -path '*/__pycache__/*' -not -path '*.egg-info/*')

.DEFAULT_GOAL := help
.PHONY: help book test verify quick refresh lab preview lock clean

help: ## Show the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

book: _build/.built ## Build the book (first time about four minutes, most of it installing)
	@echo "The book is in _build/html/index.html"

test: $(VENV)/.ready ## Prove everything (about twenty minutes)
	@echo "Running all tests; the book is built several times, about twenty minutes"
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup

verify: $(VENV)/.ready ## Simulate every case with a known answer again (about a quarter of an hour)
	@$(BIN)/python -m pytest -q -n 2 -m long tests/model

quick: $(VENV)/.ready ## Only the tests that take seconds
	@$(BIN)/python -m pytest -q -n 2 -m 'not slow and not long' tests/unit tests/model tests/chapters/test_prose.py

refresh: $(VENV)/.ready ## Recompute replications, ledger, data package and stored outputs
	@$(BIN)/compendium simulate --write
	@$(BIN)/compendium ledger --write
	@$(BIN)/compendium datapackage --write
	@$(BIN)/compendium refresh 2>/dev/null

lab: $(VENV)/.ready ## Open the chapters in Jupyter
	@$(BIN)/jupyter lab chapters

preview: $(VENV)/.ready ## Build from stored outputs without running anything (seconds, for prose)
	@mkdir -p _build/preview
	@$(BIN)/jupyter-book config sphinx . > /dev/null
	@$(BIN)/sphinx-build -q -b html -D nb_execution_mode=off . _build/preview; status=$$?; \
		rm -f conf.py; exit $$status
	@echo "The preview is in _build/preview/index.html"

lock: ## Renew requirements.txt for Python 3.11 to 3.13 (needs a network)
	@$(PYTHON) -m venv _build/lock && _build/lock/bin/pip install -q uv
	@_build/lock/bin/uv pip compile -q --universal --all-extras --python-version 3.11 \
		--generate-hashes --no-header --upgrade pyproject.toml -o requirements.txt

clean: ## Remove what was built, but not the environment
	@rm -rf _build

$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11, 3.12 or 3.13 is needed, this is " \
		+ sys.version.split()[0] if not (3, 11) <= sys.version_info < (3, 14) else 0)'
	@echo "Making the environment in $(VENV) (about two minutes)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# A build that failed leaves pages that a second build would not warn about, so each starts clean.
_build/.built: $(VENV)/.ready $(INPUTS)
	@echo "Building the book; every chapter is executed, one to two minutes"
	@rm -rf _build
	@$(BIN)/jupyter-book build -q -W -n --keep-going . > _build.log 2>&1 || \
		{ grep -v 'Kernel is running over TCP' _build.log; rm -f _build.log; exit 1; }
	@rm -f _build.log
	@touch $@
