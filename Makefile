# Everything runs inside .venv, which `make setup` builds from the hashes in requirements.lock.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
# A worker that died is not replaced: the run ends and names its test (xdist's replacement may wait for ever).
PYTEST := pytest -n 2 --max-worker-restart 0 --durations 20
# Code is byte-compiled once at set-up: Airflow then starts three times faster.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)



.PHONY: bench bench-check soak
.PHONY: help setup run demo test test-slow fuzz test-database check audit sbom lock messages cluster

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## the environment in .venv, nothing else; quick when it is there

$(VENV)/.installed: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## everything: database, Airflow, review app; SOURCES=demo needs no network
	@exec kzmonitor run $(if $(filter demo,$(SOURCES)),--demo)

demo: setup ## the whole path once on a local newsroom: sources, articles, alerts, digest file
	@exec kzmonitor demo

test: check ## everything that CI checks, but the slow suites
	@$(PYTEST) --dist loadgroup -m "not slow" tests
	@kzmonitor demo

test-slow: setup ## faults, browser, DAG runs, the run command
	@$(PYTEST) --dist loadfile -m slow tests

cluster: setup ## a cluster on this machine, 2,000 articles, three faults; draws docs/pictures/cluster-timeline.png (root)
	@mkdir -p var
	@CLUSTER_ARTICLES=2000 CLUSTER_TIMELINE=$(CURDIR)/var/cluster.json pytest -q -s tests/cluster/test_cluster.py
	@python -m bench.cluster_timeline var/cluster.json docs/pictures/cluster-timeline.png

soak: setup ## the accelerated week (an hour), then docs/soak.md and its pictures; fails when something is not as it must be
	@mkdir -p var
	@python -m tests.soak.week --out var/soak; status=$$?; python -m tests.soak.page var/soak/week.json && exit $$status

test-database: setup ## the tests of what is said to the database, on the one that KZMONITOR_TEST_DATABASE_URL names
	@$(PYTEST) -m "not slow" tests/store tests/collect/test_{articles,captures,entries,receiving,storing}.py tests/incidents tests/digest tests/review

bench: setup ## every benchmark beside its peers, into docs/performance.md (hours); SMALL=1 the quick ones (minutes)
	@python -m bench.run $(if $(SMALL),--small)
	@$(if $(SMALL),true,python -m bench.growth)

bench-check: setup ## the quick benchmarks; fails when a ratio to a peer got worse beyond noise
	@python -m bench.check

check: setup
	@ruff format --check .
	@ruff check .
	@mypy
	@lint-imports

fuzz: setup ## mutated documents against all that reads them until Ctrl-C, or SECONDS=600; what breaks it is kept in var/fuzz
	@python -m tests.hostile.fuzz $(if $(SECONDS),--seconds $(SECONDS))

audit: setup ## mistakes that weaken security, secrets in files, known weaknesses of the packages (needs the network)
	@bandit --quiet --recursive --severity-level medium --configfile pyproject.toml kzmonitor spiders dags deploy
	@python .ci/secrets
	@.ci/audit

sbom: setup ## what is inside, as CycloneDX, in var/sbom.json
	@mkdir -p var
	@cyclonedx-py requirements requirements.lock --output-reproducible --of JSON --output-file var/sbom.json
	@echo "var/sbom.json"

lock: setup ## renew requirements.lock from pyproject.toml
	@uv pip compile pyproject.toml --group dev --generate-hashes --python-version 3.11 --no-header --quiet --output-file requirements.lock

messages: setup ## gather the sentences to translate into kzmonitor/locale
	@pybabel --quiet extract -F babel.cfg -k _ -k ngettext:1,2 --no-location --sort-output --project kzmonitor -o /tmp/kzmonitor.pot .
	@for language in ru kk; do pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -D kzmonitor -i /tmp/kzmonitor.pot -d kzmonitor/locale -l $$language; done
