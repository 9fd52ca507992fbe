# PocketLLM: `make` lists what there is.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MARK := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start hundreds of processes: modules are compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE =
export PROMPT

.DEFAULT_GOAL := help
.PHONY: help setup chat test check fix unit bench schema docs site dist snapshots screenshots clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(MARK) ## virtual environment, packages and the local model's weights

$(MARK): pyproject.toml .ci/constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing PocketLLM into $(VENV) (once; about a minute) ..." >&2
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --constraint .ci/constraints.txt --editable '.[server,local]' --group dev
	@$(BIN)/python -m backend_functions.embedded.weights
	@touch $@

chat: setup ## chat in the terminal app; PROMPT="…" asks one question
	@BIN="$(BIN)" bash .ci/chat

test: check ## set up and run everything CI runs

check: setup ## format, lint, types, import contracts, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/python -m tests.contract.node
	@$(BIN)/python -m tests.support.browser
	@$(BIN)/python -m tests.support.postgres17
	@$(BIN)/pytest -n 3 --dist loadgroup

unit: setup ## the tests that need no database, in seconds
	@$(BIN)/pytest -q -m "not db and not backend and not model"

fix: setup ## format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup ## measure; prints ratios taken in one run
	@$(BIN)/python -m tests.benchmarks

schema: setup ## write sql/schema.sql anew from the migrations
	@$(BIN)/python -m tests.sql.schema --write

docs: setup ## write the generated pages anew
	@$(BIN)/python -m tests.docs.references --write

site: setup ## build the site of the docs into site/
	@$(BIN)/python -m zensical build --strict --clean

dist: setup ## build the wheel and the sdist into dist/
	@$(BIN)/python -m build --no-isolation

snapshots: setup ## take the pictures of the terminal app that tests compare with anew
	@$(BIN)/pytest -q tests/pocketllm_cli/tui -k snapshots --snapshot-update

screenshots: setup ## take the pictures in docs/screenshots anew
	@$(BIN)/python -m tests.screenshots

clean: ## remove the virtual environment and caches
	@rm -rf $(VENV) .cache site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
