# Every target makes .venv by itself when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# "compat" is a plain path; the default's import hook is loaded by every `pm`.
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt \
  --config-settings editable_mode=compat --editable

.PHONY: run test test-fast test-long test-postgres check bench bench-short bench-peers bench-pages bench-tasks screenshots torture torture-short wheels clean

run: $(VENV)/.installed
	$(BIN)/python manage.py runserver_discover

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not long"

test-long: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m long

# needs Debian's package postgresql, or pg_config and the server's programs
test-postgres: $(VENV)/.installed-dev
	$(BIN)/python -m tests.postgres $(ARGS)

test-fast: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m "not slow"

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks

bench-short: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks --short

bench-peers: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks.peers $(ARGS)

bench-pages: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks.pages $(ARGS)

bench-tasks: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks.tasks $(ARGS)

screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m tests.browser.screenshots

torture: $(VENV)/.installed-dev
	$(BIN)/python -m tests.torture

torture-short: $(VENV)/.installed-dev
	$(BIN)/python -m tests.torture --short

# pm, and discovery alone for other sites
wheels: $(VENV)/.installed-dev
	rm -rf build
	mkdir -p build/discovery
	cp -R packaging/discovery/. discovery LICENSE projects/version.py build/discovery
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist . ./build/discovery

clean:
	rm -rf $(VENV) build dist *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) .
	touch $@

$(VENV)/.installed-dev: $(BIN)/python pyproject.toml constraints.txt
	$(INSTALL) '.[dev]'
	touch $@ $(VENV)/.installed
