# Needs Python 3.11 or later, GNU make and the core utilities. Node comes as a Python wheel.

PYTHON ?= python3
WORKERS ?= 2
VENV ?= .venv
LOCK ?= requirements.txt

BIN := $(VENV)/bin
PIP_STAMP := $(VENV)/.installed
NPM_STAMP := node_modules/.installed
UV ?= $(BIN)/uv

# the installation runs the machine's Python, not that of the environment that it replaces
MACHINE_PATH := $(PATH)
# jsii and the CDK command line look up Python and Node on the PATH
export PATH := $(CURDIR)/$(BIN):$(PATH)
# their caches are in the virtual environment, not in the home folder
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/$(VENV)/cache/jsii
export CDK_HOME := $(CURDIR)/$(VENV)/cache/cdk
export CDK_DISABLE_CLI_TELEMETRY := true
export CDK_DISABLE_VERSION_CHECK := 1
export NODE_NO_WARNINGS := 1
# without its bytecode, each of the many processes of the tests compiles the modules of CDK again
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help synth picture rules policies inline verified docs demo dist test test-exhaustive test-emulated test-aws probe-aws test-versions test-unpinned bench lint format lock clean

help:  ## list the targets
	@$(PYTHON) -c 'import re, sys; [print("make %-16s%s" % m) for m in re.findall(r"^([a-z-]+):.*  ## (.*)", open(sys.argv[1]).read(), re.M)]' $(firstword $(MAKEFILE_LIST))

synth: $(PIP_STAMP) $(NPM_STAMP)  ## synthesize every stack of the sample app into cdk.out
	@rm -rf cdk.out
	@node_modules/.bin/cdk synth --quiet --strict
	@ls cdk.out/*.template.json

picture: $(PIP_STAMP)  ## draw the pictures in docs again
	@$(BIN)/python -m tests.pictures.sample_picture
	@$(BIN)/python -m tests.pictures.architecture

rules: $(PIP_STAMP)  ## write docs/rules.md again
	@$(BIN)/python -m tests.guard.rules_page

policies: $(PIP_STAMP)  ## write docs/account-policies.md again
	@$(BIN)/python -m tests.cli.policies_page

inline: $(PIP_STAMP)  ## compress the function's code for templates again
	@$(BIN)/python -m tests.handler.inline_code

verified: $(PIP_STAMP)  ## write docs/verified.md again
	@$(BIN)/python -m tests.integ.verified

# these variables suppress texts about the future of MkDocs: mkdocs.yml has the decision
docs: export NO_MKDOCS_2_WARNING := 1
docs: export DISABLE_MKDOCS_2_WARNING := true
docs: $(PIP_STAMP)  ## build the documentation site into site/html, and check its links
	@$(BIN)/python -m scripts.site_pages site/pages
	@$(BIN)/mkdocs build --strict

# the same commit results in the same bytes
DIST ?= dist

dist: $(PIP_STAMP)  ## build what a release publishes: packages, zipapp and checksums
	@rm -rf $(DIST)
	@$(BIN)/python -m build --no-isolation --outdir $(DIST) .
	@$(BIN)/python -m scripts.build_zipapp $(DIST)/*.whl $(DIST)/slr-constructs.pyz
	@cp requirements-cli.txt $(DIST)
	@cd $(DIST) && sha256sum -- * >SHA256SUMS

demo: $(PIP_STAMP) $(NPM_STAMP)  ## deploy and delete the sample app, without an AWS account
	@$(BIN)/python -m tests.emulated.demo

# `test` skips tests that take long or need a browser; `test-exhaustive` runs these
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
FAST := -m 'not exhaustive and not browser' --ignore tests/emulated

test: lint $(NPM_STAMP)  ## lint, then run the tests, with every branch of the library covered
	$(PYTEST) $(FAST) --cov

test-exhaustive: $(PIP_STAMP) $(NPM_STAMP)  ## run the tests that take long, and those in a browser
	HYPOTHESIS_PROFILE=exhaustive $(PYTEST) -m 'exhaustive or browser' --ignore tests/emulated

test-emulated: $(PIP_STAMP) $(NPM_STAMP)  ## deploy and delete stacks with faults, without an AWS account
	$(PYTEST) tests/emulated

# These two use your AWS credentials, and ask before they start; YES=1 does not ask. ONLY is an
# expression of pytest, or the id of an experiment.
test-aws: $(PIP_STAMP) $(NPM_STAMP)  ## deploy and delete every feature in a sandbox account of AWS
	@$(BIN)/python -m tests.integ test $(if $(YES),--yes) $(if $(ONLY),--only '$(ONLY)')

probe-aws: $(PIP_STAMP)  ## ask AWS, in a sandbox account, what its pages do not document
	@$(BIN)/python -m tests.integ probe $(if $(YES),--yes) $(if $(ONLY),--only '$(ONLY)')

# A second virtual environment, with the lowest versions of the direct dependencies, or with the
# newest versions of all. It has no emulator, because MiniStack pins one version of boto3.
RESOLUTION ?= highest
OTHER := .venv-$(RESOLUTION)
RESOLVE := pip compile --quiet pyproject.toml --all-extras --python $(BIN)/python --no-emit-index-url

test-versions: $(PIP_STAMP)  ## run the tests with other versions; RESOLUTION=lowest-direct or highest
	mkdir -p $(OTHER).versions
	$(UV) $(RESOLVE) --resolution $(RESOLUTION) --output-file $(OTHER).versions/required.txt --upgrade
	$(UV) $(RESOLVE) --group test --no-strip-extras --upgrade \
		--constraint $(OTHER).versions/required.txt --output-file $(OTHER).versions/all.txt
	$(MAKE) test-unpinned VENV=$(OTHER) LOCK=$(OTHER).versions/all.txt

test-unpinned: $(PIP_STAMP) $(NPM_STAMP)
	$(PYTEST) $(FAST) --ignore tests/test_lock.py

bench: $(PIP_STAMP) $(NPM_STAMP)  ## run the benchmarks; QUICK=1 for a short run
	@$(BIN)/python -m benchmarks.run $(if $(QUICK),--quick)

lint: $(PIP_STAMP)  ## run ruff and mypy, and change nothing
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy

format: $(PIP_STAMP)  ## let ruff format the code and fix what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: $(PIP_STAMP)  ## pin the versions of pyproject.toml and package.json again
	$(UV) pip compile --quiet pyproject.toml --group dev --all-extras --no-strip-extras \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --output-file requirements.txt
	$(BIN)/python -m scripts.cli_requirements >requirements-cli.txt
	$(BIN)/npm install --package-lock-only --loglevel=error

clean:  ## remove everything that make created
	rm -rf .venv* node_modules cdk.out dist site .coverage .coverage.* \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache
	$(PYTHON) -c 'import pathlib, shutil; [shutil.rmtree(p) for p in pathlib.Path().rglob("__pycache__")]'

# The version is checked first, because an older Python cannot parse the script.
$(PIP_STAMP): export PATH := $(MACHINE_PATH)
$(PIP_STAMP): $(LOCK) scripts/install.py
	@command -v $(PYTHON) >/dev/null || \
		{ echo '$(PYTHON) was not found: install Python 3.11 or later, or run make PYTHON=/path/to/python.' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "Python 3.11 or later is required, and $(PYTHON) is %d.%d: run make PYTHON=/path/to/python." % v[:2])'
	@$(PYTHON) scripts/install.py python $(VENV) $(LOCK)

$(NPM_STAMP): package-lock.json $(PIP_STAMP)
	@$(BIN)/python scripts/install.py node node_modules package-lock.json
