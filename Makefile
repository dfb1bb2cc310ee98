# Each target sets itself up: a virtual environment of its own, the locked packages, Chromium and
# (for the tests) PostgreSQL where none is found.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test check bench hostile fuzz lock chromium postgres format docs
.DEFAULT_GOAL := check

$(READY): requirements.lock pyproject.toml tools/setup.sh
	@sh tools/setup.sh "$(PYTHON)" "$(VENV)"
	@touch $@

chromium: $(READY)
	@sh tools/chromium.sh "$(BIN)"

postgres:
	@sh tools/postgres.sh

demo: chromium
	$(BIN)/swordnet demo

test: chromium postgres
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow and not browser"

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python -m bench

hostile: chromium
	$(BIN)/python bench/hostile.py --browser

fuzz: $(READY)
	$(BIN)/python bench/fuzz.py --seconds 600

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --no-annotate --group dev pyproject.toml --output-file requirements.lock

docs: $(READY)
	$(BIN)/swordnet platforms --markdown > docs/platforms.md
	$(BIN)/python -m desk.matcher_tables docs/matchers.md
	$(BIN)/python -m tools.make_lexicon
	$(BIN)/python -m tools.draw_rooms
