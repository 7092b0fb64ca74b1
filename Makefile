# Every target sets itself up from nothing: python3 (>= 3.11) and make are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test coverage check bench lock clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.exit(0 if sys.version_info >= (3, 11) else f"Python 3.11 or newer is needed, this is {v}. Fix: make PYTHON=python3.12 …")'
	@echo "Setting up $(VENV) from the lock file; the first time this takes about two minutes …"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib observer >/dev/null || true  # some packages ship files for other Pythons
	@touch $@

demo: $(READY) ## Build a demo CRM that lives, audit it once, and watch it with the daemon until Ctrl-C
	$(BIN)/observer demo

test: $(READY) ## Run every test
	$(BIN)/python -m pytest

coverage: $(READY) ## Run every test and say what they reach (twice as long)
	$(BIN)/python -m pytest --cov --cov-report=
	$(BIN)/coverage report --fail-under=85
	$(BIN)/coverage report --include="observer/contracts/*,observer/checks/*,observer/runs/*,observer/slo/*,observer/incidents/*" --fail-under=95

check: $(READY) ## Lint, types, import rules, contracts, what is generated, tests with coverage
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/observer lint expectations/contracts
	$(BIN)/observer generate --check
	$(BIN)/observer slo lint
	$(BIN)/python -m deploy.grafana.source --check
	$(MAKE) coverage

bench: $(READY) ## Measure against hand-written SQL and against peers (long: about 30 minutes)
	$(BIN)/python -m benchmarks

lock: ## Refresh the lock files (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade pyproject.toml --group dev -o requirements-dev.lock

clean: ## Remove what the targets above made
	rm -rf $(VENV) demo audit .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov
