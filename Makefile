# A machine needs Python 3.11 or later and make; everything else is fetched into .local.
# Names given on the command line reach the programs: make run ONCE=1, make status FORMAT=json.
PYTHON ?= python3
VENV := .local/venv
RUN := $(VENV)/bin/python
# The environment's own Python is quicker to start than a launcher found on the path.
BOOT := $(if $(wildcard $(VENV)/made-from.sha256),$(RUN),$(PYTHON))
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help bootstrap browser run up down status logs stop start samples desk whatif replay test check bench chaos drill broken mutants fuzz advisories manifests images lock clean

help: ## show this help
	@echo "make <target> [NAME=value]"
	@awk -F ':[^#]*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

bootstrap:
	@$(BOOT) deploy/local/bootstrap.py || { test -x $(RUN) || exit 1; $(PYTHON) deploy/local/bootstrap.py; }

browser: bootstrap
	@$(RUN) deploy/local/bootstrap.py browser

run: bootstrap ## start everything, send sample dossiers, show them live (ONCE=1 ends by itself, BROKERS=3, SECURE=1, AS_OF=2021-11-15)
	@$(RUN) -m local_stack run

up: bootstrap ## start everything and leave it running (BROKERS=3, SECURE=1, REPLICAS=routing:2)
	@$(RUN) -m local_stack up

down: bootstrap ## stop everything; the data stay
	@$(RUN) -m local_stack down

status: bootstrap ## show what runs (FORMAT=json for one document)
	@$(RUN) -m local_stack status

logs: bootstrap ## show the last log lines (SERVICE=routing, FOLLOW=1)
	@$(RUN) -m local_stack logs

stop: bootstrap ## stop one service alone (SERVICE=routing)
	@$(RUN) -m local_stack stop

start: bootstrap ## start it again (SERVICE=routing)
	@$(RUN) -m local_stack start

samples: bootstrap ## send the sample dossiers to a stack that is up and wait for their end
	@$(RUN) -m local_stack samples

desk: bootstrap ## put dossiers on the desk of commune 26743 that wait for a person (COUNT=3)
	@$(VENV)/bin/hotich magic send --desk $(or $(COUNT),3) --stack .local/run$(if $(AS_OF),-$(AS_OF))/status.json

whatif: bootstrap ## show what another day's law changes for the samples (DAY=2027-03-01)
	@$(RUN) -m local_stack whatif

replay: bootstrap ## let the seven provinces move, October 2021 to March 2022, on invented days (ONCE=1)
	@$(RUN) -m local_stack replay

test: browser ## run all tests on a real Kafka, PostgreSQL and Chromium, in lanes side by side (LANE=rules)
	@$(RUN) -m tests.lanes $(LANE)
	@$(RUN) -m tests.browser.chromium

check: bootstrap ## format, lint, types, import rules, generated files, dependencies
	$(RUN) -m ruff format --check
	$(RUN) -m ruff check
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m contracts.generate --check
	$(RUN) -m tests.catalogue --check
	$(RUN) -m deploy.manifests --check
	VIRTUAL_ENV=$(VENV) $(VENV)/uv/bin/uv pip check

bench: bootstrap ## measure, beside a hand-written version and DBOS, into build/bench.json (QUICK=1, FULL=1, ONLY=bus,dbos, COMPARE=old.json)
	@$(RUN) deploy/local/bootstrap.py bench
	@KAFKA_FULL_JIT=1 $(RUN) -m tests.bench

chaos: bootstrap ## break everything under load and check every promise (SEED=7, MINUTES=5, BROKERS=3, RATE=8)
	@$(RUN) -m tests.chaos.campaign

drill: bootstrap ## play a disaster and the way back, measured and judged (NAME=restore-routing; no name lists them)
	@$(RUN) -m tests.drills

broken: bootstrap ## see that the campaign finds builds that are wrong on purpose; a release under load
	@$(RUN) -m pytest tests/chaos

mutants: bootstrap ## put small wrongs into the sequence, offset and lease conditions; each must be seen
	@$(RUN) -m pytest tests/mutation -s

fuzz: bootstrap ## give every decoder spoilt input (MINUTES=5)
	@$(RUN) -m tests.fuzz --minutes $(or $(MINUTES),5)

advisories: bootstrap ## ask for known weaknesses of what is shipped; fails when nothing could be asked
	@$(RUN) -m tests.dependencies.advisories

manifests: bootstrap ## write what the Kubernetes manifests have from the code
	@$(RUN) -m deploy.manifests

images: bootstrap ## build every image, or show without an engine that what is in it works
	@$(RUN) -m deploy.manifests.images

lock: bootstrap ## resolve again and write requirements.lock
	$(VENV)/uv/bin/uv lock
	$(VENV)/uv/bin/uv export --quiet --frozen --no-emit-workspace --no-header --all-packages --all-groups --no-group browser --no-group manifests --no-group bench -o requirements.lock
	$(VENV)/uv/bin/uv export --quiet --frozen --no-emit-workspace --no-header --only-group browser --only-group manifests -o tests/browser/requirements.lock
	$(VENV)/uv/bin/uv export --quiet --frozen --no-emit-workspace --no-header --only-group bench -o tests/bench/requirements.lock

clean: ## stop everything, remove all data and figures (downloads stay)
	@if test -e $(VENV)/made-from.sha256; then $(RUN) -m local_stack clean; fi
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
