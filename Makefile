# make run    everything installed, then shipsync at the address it prints, until Ctrl-C
# make test   lint, types, the tests (in a real browser, too), and some of the database's on the next DuckDB
# make sweep  the tests that take minutes, and all of the database's on the next DuckDB
# make pictures    every page, light and dark, wide and on a phone, in .pictures/
# make bench  the benchmarks, one after the other

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The code runs on both; the pin moves when a long kill sweep is clean on it (DESIGN D22).
NEXT_DUCKDB := 2.0.0
NEXT := .next
# Two for each processor: tests that wait for a child or a server leave theirs to others.
WORKERS := $(shell echo $$(($$(nproc) * 2)))

.PHONY: run test lint types suite browser next sweep pictures bench

run: $(VENV)/runtime
	$(BIN)/python app.py

test: lint
	$(MAKE) --jobs 2 --output-sync=target types suite
	$(MAKE) browser next

suite: $(VENV)/development
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not sweep" --ignore tests/browser

browser: $(VENV)/development
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not sweep" tests/browser

lint: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/development
	$(BIN)/mypy

# What asks most of the database itself; the rest of its tests, and all that work on it, are in the sweep.
next: $(NEXT)/duckdb
	PYTHONPATH=$(NEXT) $(BIN)/python -m pytest -n $(WORKERS) -p no:cacheprovider -m "not sweep" \
		$(addprefix tests/store/test_,db.py guard.py backup.py batches.py lanes.py migrations.py workflows.py) \
		tests/procedures/test_sync_parcels.py

sweep: $(VENV)/development $(NEXT)/duckdb
	$(BIN)/python -m pytest -n $(WORKERS) -m sweep --ignore tests/browser
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -m sweep tests/browser
	PYTHONPATH=$(NEXT) $(BIN)/python -m pytest -n $(WORKERS) -p no:cacheprovider tests/store tests/jobs tests/procedures

pictures: $(VENV)/development
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest tests/browser/test_looks.py --all-looks

bench: $(VENV)/development
	$(BIN)/python -m bench.sync_load
	$(BIN)/python -m bench.known_orders
	$(BIN)/python -m bench.one_day
	$(BIN)/python -m bench.pages
	$(BIN)/python -m bench.start
	$(BIN)/python -m bench.clicks
	$(BIN)/python -m bench.tabs
	$(BIN)/python -m bench.inventory
	$(BIN)/python -m bench.closings
	$(BIN)/python -m bench.charges
	$(BIN)/python -m bench.efficiency
	$(BIN)/python -m bench.parity
	$(BIN)/python -m bench.parity_stored

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Compiling what nobody imports would take two fifths of an installation.
$(VENV)/runtime: requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	touch $@

$(VENV)/development: requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile -r requirements-dev.txt
	touch $@ $(VENV)/runtime

# Beside the others, in whose place it is found first.
$(NEXT)/duckdb: Makefile $(VENV)/development
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --upgrade --target $(NEXT) duckdb==$(NEXT_DUCKDB)
	touch $@
