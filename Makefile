# `make help` lists what there is. Everything runs in .venv, which is made from requirements.lock when needed.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test lint format deps lock clean setup

export PATH := $(CURDIR)/.venv/bin:$(PATH):$(CURDIR)/.venv/uv/bin
export PYTHON INSTALLER
# Compiled modules halve the time that every stage takes to start.
unexport PYTHONDONTWRITEBYTECODE
# albumentations asks the network for its newest version when it is imported, unless told not to.
export NO_ALBUMENTATIONS_UPDATE := 1

ARGS =
TARGETS = $(filter-out -%,$(ARGS))
CODE = Datasets Data_processing Models Deployment tests
# Existing pins stay. Wherever the packages came from, no address gets into a lock.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links
HEADER = '\# Made by `make lock`. Do not edit; `make lock ARGS=--upgrade` renews all versions.'

help: ## list what make can do
	@echo 'make <target>, with'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1	\2/p' Makefile | expand -t 12
	@echo 'Variables: ARGS, PYTHON=/path/to/python3 (3.11 to 3.14), INSTALLER=pip (in place of uv)'

run: setup ## bring every stage up to date, then say what came out (ARGS="..." goes to dvc repro)
	@dvc repro $(ARGS) || { \
		python -m Data_processing check-params --raw; python -m Models check-params; \
		python -m Datasets check-params; exit 1; }
	@python -m Datasets complete $(TARGETS)
	$(if $(TARGETS),,@python -m Models summary)

test: lint ## lint, then run all tests (ARGS="..." goes to pytest)
	@OMP_NUM_THREADS=1 python -m tests $(ARGS)

lint: setup ## check style, types and the contracts between the rooms
	@ruff check
	@ruff format --check
	@mypy
	@lint-imports

format: setup ## sort imports and lay out the code
	@ruff check --fix
	@ruff format

deps: setup ## write into dvc.yaml the modules that each stage's code reaches
	@python -m tests.deps

lock: setup ## renew requirements.lock and Deployment/requirements.lock from pyproject.toml
	@$(COMPILE) $(ARGS) --group dev pyproject.toml -o requirements.lock >/dev/null
	@python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["deployment"], sep="\n")' \
		| $(COMPILE) --constraint requirements.lock - -o Deployment/requirements.lock >/dev/null
	@echo 'uv>=0.9' | $(COMPILE) $(ARGS) --no-annotate - -o .ci/uv.lock >/dev/null
	@for lock in requirements.lock Deployment/requirements.lock .ci/uv.lock; do \
		{ echo $(HEADER); grep -v '^# Made by' $$lock; } >$$lock.new && mv $$lock.new $$lock; \
	done

clean: ## remove .venv and what tools left behind; data, models and DVC's cache stay
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

setup:
	@.ci/setup
