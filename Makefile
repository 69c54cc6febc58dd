# make run: set up, load the sample workspace, print its KPIs, serve the site.   make test: set up and check everything.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: run test lint docs bench clean
.DEFAULT_GOAL := run

PORT ?= 8000

run: $(VENV)/installed
	$(BIN)/polso --workspace workspace demo
	@echo
	$(BIN)/polso --workspace workspace serve --port $(PORT)

test: $(READY) lint
	$(BIN)/pytest

lint: $(READY)
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/installed
	$(BIN)/python scripts/docs.py

bench: $(READY)
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) workspace

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Polso needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(READY): $(VENV)/installed scripts/install-java.sh scripts/install-browser.sh scripts/install-postgres.sh
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[spark,test]'
	scripts/install-java.sh
	scripts/install-browser.sh
	scripts/install-postgres.sh
	touch $@
