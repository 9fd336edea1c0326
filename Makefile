# `make help` lists the targets. Each installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXAMPLE ?= examples/baseline

.DEFAULT_GOAL := help
.PHONY: help audit test check-fmt fmt lint typecheck bench coverage
.PHONY: corpus wheel test-wheel test-lowest test-bare

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 15

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	@touch $@

audit: $(READY) ## audit the example repository (EXAMPLE=examples/…)
	cd $(EXAMPLE) && '$(CURDIR)/$(BIN)/pytest' --userstate-audit

test: $(READY) ## run the tests, those with many examples too
	$(BIN)/python -m pytest -n auto -m '' $(ARGS)

check-fmt: $(READY) ## fail where `make fmt` would change a file
	$(BIN)/ruff format --check .

fmt: $(READY) ## format the sources
	$(BIN)/ruff format .
	$(BIN)/ruff check --select I --fix .

lint: $(READY) ## ruff and the import contracts
	$(BIN)/ruff check .
	$(BIN)/lint-imports

typecheck: $(READY) ## mypy, strict; and what other editors' checkers say
	$(BIN)/mypy
	$(BIN)/basedpyright

coverage: $(READY) ## run the tests, and fail below 95 % of statements and branches
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto -m '' $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

wheel: ## build what is released, and audit an example with it
	.ci/wheel build
	.ci/wheel smoke

test-wheel: ## run the tests on the built wheel, away from its sources
	.ci/wheel build
	.ci/wheel tests -n auto $(ARGS)

test-lowest: ## the same on the lowest versions that are declared
	.ci/wheel build
	CONSTRAINTS=.github/constraints-lowest.txt .ci/wheel tests -n auto $(ARGS)

test-bare: ## audit with the wheel alone, no extra: on the machine's own server
	.ci/wheel build
	.ci/wheel bare

bench: $(READY) ## measure against the alternatives, and write docs/benchmarks.md
	$(BIN)/python benchmarks/run.py $(ARGS)

corpus: $(READY) ## audit public repositories, and say how far each got
	$(BIN)/python benchmarks/corpus.py $(ARGS)
