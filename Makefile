# Each target does its own set-up: a virtual environment in .venv, with the versions of .ci/constraints.txt.
#
#   make test TESTS=tests/farm                      a folder, a file, or file::Class::test; without workers, since they cost
#                                                   some seconds to start (WORKERS="-n 4" has them all the same)
#   make test-pythons PYTHONS="python3.11 ~/bin/python3.14"   Debian has one version, pyenv and `uv python install` the others
#   make mutants MUTANTS='buildmaster.farm.queue.scoring*'    those of some modules; then .venv/bin/mutmut show NAME

PYTHON ?= python3
BIN := .venv/bin
INSTALL := pip install --quiet --disable-pip-version-check
PIP := $(BIN)/$(INSTALL) --constraint .ci/constraints.txt
EACH_CORE := --numprocesses logical --maxprocesses 8 --maxschedchunk 4
WORKERS ?= $(if $(TESTS),,$(EACH_CORE))
# Which of them are here: pyenv's have a name on the PATH even where nothing is behind it, so each is asked.
PYTHONS ?= $(shell for minor in 11 12 13 14 15; do python3.$$minor -c '' 2>/dev/null && echo python3.$$minor; done; \
	ls $(HOME)/.pyenv/versions/3.1[1-9]*/bin/python 2>/dev/null)
FARM_COVERAGE := 97

.PHONY: help demo test test-lowest test-pythons test-slave coverage mutants bench lint clean

help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/ready  ## build real packages on a farm in a temporary folder
	$(BIN)/buildmaster demo $(DEMO)

test: .venv/ready-test  ## everything but the real slave; as root it installs the Debian packages that it drives
	@sh tests/prepare
	$(BIN)/python -m pytest $(WORKERS) $(TESTS)
	@echo "make test-slave drives a real launchpad-buildd; it needs root and changes the machine, so it did not run here."

test-lowest: .venv-lowest/ready  ## the same with the lowest versions that setup.py allows
	@sh tests/prepare
	.venv-lowest/bin/python -m pytest $(WORKERS) $(TESTS)

test-pythons: .venv/ready-test  ## the same with each other Python from 3.11 on that is here
	@sh tests/prepare
	@sh .ci/each-python "$(PYTHONS)" $(WORKERS) $(TESTS)

test-slave: .venv/ready-test  ## a real launchpad-buildd slave (root; installs Debian packages)
	sh tests/e2e/prepare-slave
	$(BIN)/python -m pytest -m slave tests/e2e

coverage: .venv/ready-test  ## which branches the tests take; it fails where too few are of farm/
	@sh tests/prepare
	$(BIN)/python -m pytest $(WORKERS) --cov --cov-report= $(TESTS)
	$(BIN)/coverage report
	@echo "Of farm/ alone:"
	$(BIN)/coverage report --format=total --include='buildmaster/farm/*' --fail-under=$(FARM_COVERAGE)

mutants: .venv/ready-mutants  ## break farm/ in thousands of ways, and list what no test of tests/farm notices
	CI=1 $(BIN)/mutmut run $(if $(MUTANTS),'$(MUTANTS)')
	$(BIN)/mutmut results | grep -v ': not checked' || true
	@$(BIN)/mutmut results --all true | awk '{ sub(/.*: /, ""); n[$$0]++ } END { for (word in n) print n[word], word }'

bench: .venv/ready-test .venv-buildbot/ready  ## all benchmarks; the figures go into docs/benchmarks.rst
	$(BIN)/python -m bench.all $(BENCH)

lint: .venv/ready-test  ## the form of the code, and its types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

clean:  ## remove all that the other targets have made here
	rm -rf .venv .venv-* build *.egg-info .coverage .coverage.* mutants

.venv/ready: setup.py .ci/constraints.txt
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3-venv is missing: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) --editable .
	touch $@

.venv/ready-test: .venv/ready
	$(PIP) --editable '.[test]'
	touch $@

.venv/ready-mutants: .venv/ready-test
	$(PIP) --editable '.[test,mutants]'
	touch $@

.venv-lowest/ready: setup.py .ci/constraints.txt .ci/lowest
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/python .ci/lowest > .venv-lowest/constraints.txt
	.venv-lowest/bin/$(INSTALL) --constraint .venv-lowest/constraints.txt --editable '.[test]'
	touch $@

.venv-buildbot/ready:
	$(PYTHON) -m venv .venv-buildbot
	.venv-buildbot/bin/$(INSTALL) buildbot==4.3.0 buildbot-worker==4.3.0 psycopg2-binary
	touch $@
