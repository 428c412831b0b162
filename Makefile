# `make demo` shows Ampshift on a simulated house; `make test` runs the tests. Both build .venv first, and only once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check static bench soak lock docs clean install update uninstall live

demo: $(STAMP)
	$(BIN)/python -m simulator.demo

# three at a time: many tests wait for a real clock or socket. One file stays together: its tests share a house.
test: $(STAMP)
	$(BIN)/python -m pytest -n 3 --dist loadfile

check: static test

static: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .

bench: $(STAMP)
	$(BIN)/python -m bench

soak: $(STAMP)
	$(BIN)/python -m bench.soak

# On the Pi: deploy/*.sh say what each does and what they can be told.
install:
	@bash deploy/install.sh
update:
	@bash deploy/update.sh
uninstall:
	@bash deploy/uninstall.sh
live:
	@bash deploy/live.sh

docs: $(STAMP)
	$(BIN)/python -m config_docs env > .env.example
	$(BIN)/python -m config_docs settings > docs/SETTINGS.md
	$(BIN)/python -m twc.link > docs/twc-link.md

# Locked on the oldest supported Python, so that every newer one can install it too.
LOCK := $(BIN)/python -m piptools compile --quiet --no-header --strip-extras --no-emit-options --no-annotate --upgrade
lock: $(STAMP)
	$(LOCK) --output-file requirements.txt pyproject.toml
	$(LOCK) --extra dev --output-file requirements-dev.txt --constraint requirements.txt pyproject.toml

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 --requirement requirements-dev.txt
	touch $@
