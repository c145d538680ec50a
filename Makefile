# Each target does its own set-up in $(VENV); a second run finds it done. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv

UV_VERSION := 0.13.9
LOCK_VENV := .venv-constraints

python_tag := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
install := $(VENV)/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes

packages := engine fixgw backoffice config
jspurefix := tests/e2e/jspurefix

# What `make compile` makes: a library, and beside each source a module that leads to it.
library := fondaco_compiled__mypyc.*.so
compiled := $(library) engine/*.so fixgw/*.so

# Stamps: a file that is there, and newer than what it depends on, says that its step is done.
created := $(VENV)/.created-$(python_tag)
run := $(VENV)/.installed-run
project := $(VENV)/.installed-project
dev := $(VENV)/.installed-dev
quickfix := $(VENV)/.installed-quickfix
node := $(jspurefix)/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo test fuzz bench lint format compile interpret constraints clean current

help: ## list the targets
	@echo "make <target>   (PYTHON=python3.12 chooses the interpreter)"
	@sed -n 's/^\([a-z]*\):.*## /  \1  /p' $(firstword $(MAKEFILE_LIST)) | \
		while read -r target text; do printf '  %-12s %s\n' "$$target" "$$text"; done

demo: $(project) current ## open a venue with sample brokers on this machine and trade over FIX
	$(VENV)/bin/fondaco demo

test: interpret $(project) $(dev) $(quickfix) $(node) lint ## lint, then run every test
	$(VENV)/bin/python -m pytest -m "not alone" --numprocesses auto --maxprocesses 4 --dist loadfile
	$(VENV)/bin/python -m pytest -m alone

fuzz: interpret $(project) $(dev) ## let random commands and guided input try to break the promises (some 15 minutes)
	$(VENV)/bin/python -m tests.engine.fuzz
	$(VENV)/bin/python -m tests.fuzz

bench: interpret $(project) $(dev) $(quickfix) ## measure the venue, interpreted and compiled, and QuickFIX beside it
	$(VENV)/bin/python -m bench

lint: $(project) $(dev) ## check style, format, types and the direction of imports
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

format: $(dev) ## format the code, and repair what can be repaired without thought
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format

compile: interpret $(project) $(dev) ## compile the engine and the FIX gateway with mypyc (optional: nearly twice as fast)
	@echo "Compiling in place with mypyc, which takes a minute or two. What it says: build/compile.log"
	@mkdir -p build
	@FONDACO_COMPILE=1 $(VENV)/bin/python -m pip install --verbose --disable-pip-version-check --no-deps \
		--no-build-isolation --editable . >build/compile.log 2>&1 || { cat build/compile.log; exit 1; }
	@sed -n 's/^ *\(fondaco: not compiled.*\)/\1/p' build/compile.log
	@if ls $(library) >/dev/null 2>&1; then echo "Compiled: $(VENV)/bin/fondaco and \`make demo\` use it until a source" \
		"changes; \`make interpret\` takes it away."; fi

interpret: ## remove what `make compile` has made; the sources are interpreted again
	@rm -f $(compiled)

# An outdated module would run instead of its source, and nothing would show it.
current:
	@if ls $(library) >/dev/null 2>&1 && [ -n "$$(find engine fixgw -name '*.py' -newer "$$(ls $(library))")" ]; then \
		echo "Sources have changed since \`make compile\`: what it made is removed, and they are interpreted."; \
		rm -f $(compiled); fi

constraints: ## pin the newest version of every dependency, with hashes
	@test -x $(LOCK_VENV)/bin/uv || $(PYTHON) -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install --quiet --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(call pin,dev) --extra uvloop --extra postgresql --extra test --extra lint --extra profile pyproject.toml
	$(call pin,run) --extra uvloop --constraints constraints/dev.txt pyproject.toml
	echo quickfix | $(call pin,quickfix) -
	printf 'pip\nsetuptools\n' | $(call pin,build) -
	@! grep -n -e '://' -e '^-' constraints/*.txt

# One resolution for every platform and every Python from 3.11 on; the lists name no registry.
pin = UV_CUSTOM_COMPILE_COMMAND='make constraints' $(LOCK_VENV)/bin/uv pip compile --quiet --upgrade \
	--universal --python-version 3.11 --generate-hashes --no-annotate --output-file constraints/$(1).txt

clean: interpret ## remove all that make and the tools have made here
	rm -rf $(VENV) $(LOCK_VENV) $(jspurefix)/node_modules build dist *.egg-info .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------------- set-up

$(created):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Fondaco needs Python 3.11 or newer, and '$(PYTHON)' is not." >&2; \
		echo "Name one: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@echo "Creating $(VENV) with Python $(python_tag)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "'$(PYTHON) -m venv' failed (on Debian and Ubuntu: install python3-venv)." >&2; exit 1; }
	@touch $@

$(run): $(created) constraints/build.txt constraints/run.txt
	@echo "Installing what the venue runs on"
	@$(install) -r constraints/build.txt
	@$(install) -r constraints/run.txt
	@touch $@

$(project): $(run) pyproject.toml $(wildcard $(packages:=/__init__.py))
	@rm -f $(compiled)
	@$(install:--require-hashes=) --no-deps --no-build-isolation --editable .
	@touch $@

$(dev): $(run) constraints/dev.txt
	@echo "Installing what the tests and checks need"
	@$(install) -r constraints/dev.txt
	@touch $@

# Optimised, but without debugging information: a tenth of the size in two thirds of the time. pip itself runs
# isolated (-I): the path is for the process that compiles.
$(quickfix): $(run) constraints/quickfix.txt
	@echo "Installing QuickFIX, the reference that the gateway is tested against. It comes as source:"
	@echo "compiling it takes two minutes on two cores, once; pip keeps the result for the next checkout."
	@CXXFLAGS="-O2 -DNDEBUG -fwrapv" PYTHONPATH="$(CURDIR)/constraints/parallel" \
		$(install:-m=-I -m) --no-build-isolation -r constraints/quickfix.txt
	@touch $@

# Nothing of it runs while it is installed: see the .npmrc beside it.
$(node): $(jspurefix)/package-lock.json $(jspurefix)/.npmrc
	@node -e 'process.exit(+(parseInt(process.versions.node) < 20))' 2>/dev/null && npm --version >/dev/null 2>&1 || { \
		echo "The tests need Node.js 20 or newer, with npm: jspurefix, a FIX client to test against, runs on it." >&2; \
		exit 1; }
	@echo "Installing jspurefix, another maker's FIX client that the gateway is tested with"
	@npm ci --prefix $(jspurefix) --loglevel=error >/dev/null
	@touch $@
