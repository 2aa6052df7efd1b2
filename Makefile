# Each target does its own set-up: a virtual environment in .venv, with the versions of .ci/constraints.txt.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt

.PHONY: demo test test-slave bench lint clean

demo: .venv/ready  ## build real packages on a farm in a temporary folder
	$(BIN)/buildmaster demo $(DEMO)

test: .venv/ready-test  ## everything but the real slave; as root it installs the Debian packages that it drives
	@sh tests/prepare
	$(BIN)/python -m pytest $(TESTS)
	@echo "make test-slave drives a real launchpad-buildd; it needs root and changes the machine, so it did not run here."

test-slave: .venv/ready-test  ## a real launchpad-buildd slave (root; installs Debian packages)
	sh tests/e2e/prepare-slave
	$(BIN)/python -m pytest -m slave tests/e2e

bench: .venv/ready-test .venv-buildbot/ready  ## all benchmarks; the figures go into docs/benchmarks.rst
	$(BIN)/python -m bench.all $(BENCH)

lint: .venv/ready-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:
	rm -rf .venv .venv-buildbot build *.egg-info

.venv/ready: setup.py .ci/constraints.txt
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/ready-test: .venv/ready
	$(PIP) --editable '.[test]'
	touch $@

.venv-buildbot/ready:
	$(PYTHON) -m venv .venv-buildbot
	.venv-buildbot/bin/pip install --quiet --disable-pip-version-check buildbot==4.3.0 buildbot-worker==4.3.0 psycopg2-binary
	touch $@
