# make help: what each target does
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
OSINT := $(VENV)/bin/osint
JOBS ?= 2
# each worker of the tests has one core
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
INPUTS ?= 100000

.PHONY: help report test quick lint wheel lab notebooks browsertest browser-test html bench fuzz lock clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

report: $(VENV)/.run ## set up, run the main job over all sites, print the table and the page
	$(OSINT) report

test: $(VENV)/.dev lint ## set up, check style and types, run the tests
	$(PY) -m pytest -n $(JOBS) --dist loadfile

quick: $(VENV)/.dev ## the tests without those marked slow
	$(PY) -m pytest -n $(JOBS) --dist loadfile -m "not slow"

wheel: $(VENV)/.run ## build the wheel, install it into an empty environment, use it from an empty folder
	$(PY) tests/installed.py

lint: $(VENV)/.dev ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

lab: $(VENV)/.dev ## JupyterLab on notebooks/
	@mkdir -p "$(VENV)/lab/@jupyterlab/apputils-extension"
	@echo '{"fetchNews": "false", "checkForUpdates": false}' > "$(VENV)/lab/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
	JUPYTERLAB_SETTINGS_DIR="$(CURDIR)/$(VENV)/lab" $(VENV)/bin/jupyter lab notebooks

notebooks: $(VENV)/.dev ## run every notebook and keep its outputs
	$(PY) tests/execute_notebooks.py

browsertest: $(VENV)/.browser ## the notebooks in JupyterLab in headless Chromium (Debian: apt-get install chromium); screenshots in data/derived/browser
	$(PY) -m tests.browser.try_notebooks

browser-test: browsertest

html: $(VENV)/.dev ## every notebook as a page that loads nothing, in data/derived/notebooks
	$(PY) tests/execute_notebooks.py --html data/derived/notebooks

bench: $(VENV)/.dev ## slow measurements, written to docs/benchmarks.md
	$(PY) -m benchmarks

fuzz: $(VENV)/.dev ## damage files of thirteen formats at random and read them (hours; INPUTS=1000 for less)
	$(PY) -m benchmarks.fuzz --inputs $(INPUTS)

lock: ## renew the hash-locked requirements (needs uv on the PATH)
	uv pip compile pyproject.toml requirements/build.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/run.txt
	uv pip compile pyproject.toml requirements/build.in --extra lab --extra test -c requirements/run.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/dev.txt
	uv pip compile pyproject.toml requirements/build.in --extra lab --extra test --extra browser -c requirements/dev.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements/browser.txt

# the environment counts as made when .made lies in it: what is half made is removed, by this run or by the next
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not there; install Python 3.11, 3.12 or 3.13, or name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "$(PYTHON) is $$($(PYTHON) -V 2>&1); Python 3.11, 3.12 or 3.13 is needed: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PY) -m pip --version >/dev/null 2>&1 || rm -rf $(VENV)
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV) && $(PY) -m pip --version >/dev/null || { rm -rf $(VENV); echo "no environment could be made with $(PYTHON), and nothing was left behind; on Debian install python3-venv, then run again"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements/run.txt pyproject.toml
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt || { echo "the packages could not be installed; see above, and run again"; exit 1; }
	@$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.browser: $(VENV)/.dev requirements/browser.txt
	$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/browser.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt || { echo "the packages could not be installed; see above, and run again"; exit 1; }
	@touch $@

clean: ## remove the environment and everything that can be rebuilt
	rm -rf $(VENV) data/derived
