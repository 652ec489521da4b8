# The doors of closeloop. Each sets up what it needs; `make` alone lists them.
#
# Note [Two environments]: `uv sync` removes from the environment it syncs whatever the lock does not
# name, uv itself included. So uv lives in .tools and everything else in .venv.
#
# Note [Two sizes of .venv]: `make setup` and `make demo` need only the default dependencies and never
# remove the development ones that `make test` and `make check` put beside them (hence --inexact).
#
# Note [Bytecode]: the tests start several hundred Python processes. Where PYTHONDONTWRITEBYTECODE is set,
# each of them compiles all its libraries again, which doubles the work; so no door passes it on.

UV_VERSION := 0.13.9
UV         := .tools/bin/uv
BIN        := .venv/bin
LOCKED     := pyproject.toml uv.lock

# `make PYTHON=/path/to/python3.12 setup` chooses another interpreter (after `make clean`).
PYTHON     ?=
CANDIDATES := $(if $(PYTHON),$(PYTHON),python3 python3.14 python3.13 python3.12 python3.11)

TOOLS_READY := .tools/.ready-$(UV_VERSION)
RUN_READY   := .venv/.ready-run
DEV_READY   := .venv/.ready-dev

export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS    := never
unexport PYTHONDONTWRITEBYTECODE
SYNC := env -u VIRTUAL_ENV UV_PYTHON="$$(cat .tools/interpreter)" $(UV) sync --locked --quiet

.DEFAULT_GOAL := help
.PHONY: help setup test test-pure test-long check chaos attack fuzz bench demo up format clean

# One worker more than cores, because that of the Prefect server mostly waits; tests/conftest.py says which tests stay
# together on one.
CORES   := $(shell getconf _NPROCESSORS_ONLN)
WORKERS ?= $(shell echo $$(( $(CORES) + 1 )))
PARALLEL = --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
# The folders whose tests start no process; the house rules are pure, too, but belong to `make check`.
PURE    := $(addprefix tests/,statemachines engine gateways reports flows models examples)

help:  ## list the doors
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(RUN_READY)  ## make .venv/bin/closeloop, whatever is missing for it included
	@echo "closeloop is ready: $(BIN)/closeloop --help"

demo: $(RUN_READY)  ## a simulated fortnight of complaints with a real Prefect server; KEEP=1 leaves it open to look at
	@$(BIN)/closeloop demo $(if $(KEEP),--keep)

up: $(RUN_READY)  ## the whole system: Prefect server and UI, worker, driver
	@$(BIN)/closeloop up

test: $(DEV_READY)  ## all tests but the long ones and the house rules of `make check`, on every core
	$(BIN)/python -m pytest $(PARALLEL) -m "not long" --ignore=tests/house

test-pure: WORKERS := $(CORES)
test-pure: $(DEV_READY)  ## only the tests without a store, a server or another process: seconds
	$(BIN)/python -m pytest $(PARALLEL) $(PURE) -m "pure and not long"

test-long: $(DEV_READY)  ## the long tests (docs/testing.md lists them), and all random ones with more examples
	$(BIN)/python -m pytest $(PARALLEL) -m "long or hypothesis" --hypothesis-profile=long --durations=20

check: $(DEV_READY)  ## format, lint, types, import contracts, diagrams, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/python -m apps.diagrams --check
	$(BIN)/python -m pytest tests/house

chaos: $(DEV_READY)  ## kill -9, full disk, database restarted, clock set back, on both databases: nothing lost or doubled
	@$(BIN)/python -m tests.chaos --rounds 30

attack: $(DEV_READY)  ## tampering, fuzzed input, kills at random, a local user against a running system: each in full
	$(BIN)/python -m pytest $(PARALLEL) tests/attack --full --durations=20

fuzz: $(DEV_READY)  ## more than 5,000 requests that are derived from the schema of the API, wrong ones too
	CLOSELOOP_FUZZ_EXAMPLES=120 $(BIN)/python -m pytest $(PARALLEL) tests/apps/api/test_schema_fuzz.py tests/apps/api/test_stateful_fuzz.py

bench: $(DEV_READY)  ## every measure against its limit: table, plot, results/latest.json; BENCH=--quick for a smoke run
	@$(SYNC) --group bench --inexact
	@$(BIN)/python -m benchmarks $(BENCH)

format: $(DEV_READY)  ## put the code into the house's format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean:  ## remove both environments and every cache
	rm -rf .venv .tools .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(TOOLS_READY):
	@set -e; chosen=; \
	for python in $(CANDIDATES); do \
	  if "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; \
	  then chosen=$$python; break; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  echo "No Python from 3.11 to 3.14 among: $(CANDIDATES)." >&2; \
	  echo "Install one, or name it: make PYTHON=/path/to/python3.12 setup" >&2; exit 1; \
	fi; \
	echo "Preparing .tools (uv $(UV_VERSION)) with $$("$$chosen" --version)"; \
	if "$$chosen" -c 'import ensurepip' 2>/dev/null; then "$$chosen" -m venv .tools; \
	else \
	  echo "This Python cannot make environments with pip." >&2; \
	  echo "Install its venv package (Debian, Ubuntu: apt install python3-venv) and try again." >&2; exit 1; \
	fi; \
	PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 .tools/bin/python -m pip install --quiet "uv==$(UV_VERSION)"; \
	.tools/bin/python -c 'import sys; print(sys._base_executable)' > .tools/interpreter; \
	touch $@

$(RUN_READY): $(TOOLS_READY) $(LOCKED)
	@echo "Preparing .venv (what closeloop needs to run)"
	@$(SYNC) --no-dev --inexact
	@touch $@

$(DEV_READY): $(TOOLS_READY) $(LOCKED)
	@echo "Preparing .venv (what closeloop needs to run and to be developed)"
	@$(SYNC)
	@touch $(RUN_READY) $@
