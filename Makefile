# What people type. `make` alone says what there is. Needs Python 3.11 or later; sets up .venv by itself.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install
FOR_DEMO := .venv/ready-for-demo
FOR_WORK := .venv/ready-for-work
FOR_AUDIT := .venv/audit/ready
FOR_SBOM := .venv/sbom/ready
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header
ARGS ?=
WORKERS ?= 2

.PHONY: help demo test bench faults pictures lint format requirements audit sbom clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /make \1	/' | expand -t 22
	@echo; echo 'Options go through ARGS: make demo ARGS="--engineers 2", make test ARGS="-k dispatch"'

demo: $(FOR_DEMO) ## a broker, six turbines and the monitor, until Ctrl-C
	@$(BIN)/grid-monitor demo $(ARGS) || [ $$? -eq 130 ]

test: $(FOR_WORK) ## all tests; what this machine lacks (Docker, Mosquitto) is skipped with a sentence
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup $(ARGS)

faults: $(FOR_WORK) ## kills, cuts, full disks: the long form, with a table of what was seen
	@GRID_FAULTS=long $(BIN)/python -m pytest tests/faults --numprocesses $(WORKERS) --dist loadgroup $(ARGS)

bench: $(FOR_WORK) ## how fast it is, beside its peers, in ten minutes; ARGS=--quick for a look, ARGS=latency for a part
	@$(BIN)/python -m benchmarks $(ARGS)

pictures: $(FOR_WORK) ## pictures of every page, light, dark and narrow, into docs/pictures; needs Mosquitto and Chromium
	@PYTHONPATH=.:tests/fixtures $(BIN)/python docs/pictures/pages.py
	@PYTHONPATH=.:tests/fixtures $(BIN)/python docs/pictures/closed_pages.py

lint: $(FOR_WORK) ## ruff, mypy, import-linter
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >.venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@echo 'ruff, mypy and import-linter find nothing.'

format: $(FOR_WORK) ## put the sources into ruff's form
	@$(BIN)/ruff check --quiet --fix
	@$(BIN)/ruff format --quiet

requirements: $(FOR_WORK) ## pin again what pyproject.toml asks for (ARGS=--upgrade: the newest)
	@$(PIP_INSTALL) uv
	@$(COMPILE) $(ARGS) --extra dev pyproject.toml --output-file requirements-dev.txt
	@$(COMPILE) --constraint requirements-dev.txt --extra demo pyproject.toml --output-file requirements-demo.txt
	@$(COMPILE) --constraint requirements-dev.txt pyproject.toml --output-file requirements.txt
	@echo 'setuptools>=77' | $(COMPILE) $(ARGS) - --output-file requirements-build.txt
	@printf 'cyclonedx-bom>=7.5\npip-audit>=2.10\n' | $(COMPILE) --constraint requirements-dev.txt $(ARGS) \
		--python-version 3.11 - --output-file requirements-audit.txt

audit: $(FOR_AUDIT) ## ask a vulnerability service about every pinned package; says so where it does not answer
	@.venv/audit/bin/python -m supply_chain.audit .venv/audit/bin/pip-audit $(ARGS)

sbom: $(FOR_AUDIT) $(FOR_SBOM) ## what the programs are made of, with licences: grid.cdx.json, CycloneDX
	@.venv/audit/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file grid.cdx.json $(ARGS) .venv/sbom/bin/python
	@echo 'grid.cdx.json'

clean: ## remove .venv and what tools left behind
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist *.egg-info grid.cdx.json
	@find grid turbine monitor benchmarks supply_chain docs tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(FOR_DEMO): requirements-demo.txt requirements-build.txt pyproject.toml | $(BIN)/python
	@echo 'Installing what the demo needs into .venv (once) ...'
	@$(PIP_INSTALL) --require-hashes -r requirements-build.txt -r requirements-demo.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(FOR_WORK): requirements-dev.txt requirements-build.txt pyproject.toml | $(BIN)/python
	@echo 'Installing what the tests need into .venv (once) ...'
	@$(PIP_INSTALL) --require-hashes -r requirements-build.txt -r requirements-dev.txt
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $(FOR_DEMO) $@

# Tools of their own: what they need must not decide what the programs get.
$(FOR_AUDIT): requirements-audit.txt | $(BIN)/python
	@$(BIN)/python -m venv --clear .venv/audit
	@.venv/audit/bin/python -m pip --disable-pip-version-check --quiet --quiet install --require-hashes -r $<
	@touch $@

# What the programs run on, and nothing else.
$(FOR_SBOM): requirements.txt | $(BIN)/python
	@$(BIN)/python -m venv --clear --without-pip .venv/sbom
	@$(BIN)/python -m pip --python .venv/sbom/bin/python --disable-pip-version-check --quiet --quiet install \
		--require-hashes -r $<
	@touch $@

$(BIN)/python:
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'Grid needs Python 3.11 or later; $(or $(PYTHON),what is on the PATH) is none.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo '$(PYTHON) has no venv. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@$(PYTHON) -m venv .venv
