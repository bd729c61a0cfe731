# Every target sets itself up first: `make demo` and `make test` work in a fresh clone.
#
#   make demo      train three real models, promote the best, load it back
#   make test      the first tier: everything that proves a promise, at least once
#   make test-all  every combination
#   make faults    crashes, full disks, dead servers
#   make lint      ruff, mypy --strict, the layers, the size of files
#   make bench     speed against hand-written code, as ratios; BENCH=--write puts the tables into the docs
#   make docs      write anew what docs/ takes from the code
#   make conformance   the contract suite on real servers, its certificates into docs/
#   make lock      resolve requirements.lock anew

BIN := .venv/bin
READY := .venv/.ready
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup
CONTRACTS := tests/contract/test_archive.py $(wildcard plugins/*/tests/test_contract.py plugins/*/tests/test_managed.py)
PACKAGES := trackbridge $(notdir $(wildcard plugins/*/src/trackbridge_*))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all faults lint format bench docs conformance lock

help:
	@sed -n 's/^#   //p' Makefile

setup: $(READY)

$(READY): requirements.lock pyproject.toml $(wildcard plugins/*/pyproject.toml) .ci/setup
	bash .ci/setup

demo: $(READY)
	$(BIN)/trackbridge demo

test: $(READY)
	$(PYTEST) -m "not full"

test-all: $(READY)
	$(PYTEST)

faults: $(READY)
	$(PYTEST) tests/faults

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(PACKAGES:%=-p %)
	$(BIN)/lint-imports
	$(BIN)/python .ci/check-files

format: $(READY)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(READY)
	$(BIN)/python -m benchmarks $(BENCH)

docs: $(READY)
	$(BIN)/python docs/generate.py

conformance: $(READY)
	$(PYTEST) $(CONTRACTS) --trackbridge-report .venv/report
	$(BIN)/python docs/generate.py .venv/report/conformance.json

# --universal: one file for every platform and Python ≥ 3.11. Our own packages are installed from the tree.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade --no-annotate \
	    --all-extras --group dev $(PACKAGES:trackbridge%=--no-emit-package trackbridge%) \
	    --custom-compile-command "make lock" -o requirements.lock pyproject.toml plugins/*/pyproject.toml
