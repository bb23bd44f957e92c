# make run    everything installed, then the loop against ShipStation (or the sandbox) until Ctrl-C
# make test   lint, types and all tests
# make bench  the benchmarks, one after the other

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test lint types bench

run: $(VENV)/runtime
	$(BIN)/python -m shipsync run

test: lint types
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/development
	$(BIN)/mypy

bench: $(VENV)/runtime
	$(BIN)/python -m bench.sync_load
	$(BIN)/python -m bench.known_orders
	$(BIN)/python -m bench.one_day

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/development: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@ $(VENV)/runtime
