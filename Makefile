# What CI runs is what you run: every target works in a fresh clone with Python 3.11+ alone.
# `make test PYTEST_ARGS='-k hooks'` and `make demo ARGS='--help'` pass words on.
SHELL   := /bin/sh
VENV    := .venv
BIN     := $(VENV)/bin
ARGS    ?=
# Worker processes of the test run (0: in this one) and its word list, both in this one place. Four on
# two cores, since tests wait as often as they compute.
WORKERS ?= 4
PYTEST_ARGS ?=
# These run nothing that others do not, or run it where it cannot be measured.
UNMEASURED := stress integration/test_packaging.py integration/test_release.py integration/test_bench.py
# Biome reads JavaScript and CSS; what others wrote (static/vendor) is left as it is.
BIOME := $(BIN)/biome check --config-path=scripts/biome.jsonc --error-on-warnings
FRONT_END := static/js static/css static/app.css srhooks/sandbox/pages/live.js srhooks/sandbox/pages/style.css

# A run of the tests starts dozens of programs: compiling all they import each time would double it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: coverage fuzz release help setup runtime demo test check format image-check lock wheel clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

setup: ## .venv from the lock files, with the tools of tests and checks
	@scripts/setup.sh dev

# What the product itself needs: a demo should not wait for linters.
runtime:
	@scripts/setup.sh runtime

demo: runtime ## srhooks beside a fake SmartRecruiters, with live traffic; Ctrl-C stops it
	@exec $(BIN)/srhooks demo $(ARGS)

test: setup ## the whole test suite
	@exec $(BIN)/pytest -n $(WORKERS) $(PYTEST_ARGS)

coverage: setup ## which lines of srhooks/ the tests run: all but those of browsers, storms and packages
	@$(BIN)/pytest -n $(WORKERS) -m "not browser" $(addprefix --ignore=tests/,$(UNMEASURED)) --cov \
		--cov-report=term-missing:skip-covered --cov-report=json:.coverage.json $(PYTEST_ARGS)
	@$(BIN)/python scripts/coverage_floor.py .coverage.json

check: setup ## lint, format, strict types, templates, scripts, styles, layers, Dockerfile, advisories
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates srhooks/sandbox/pages --quiet --lint
	$(BIOME) $(FRONT_END)
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/hadolint Dockerfile
	@$(BIN)/python scripts/audit.py requirements.lock

format: setup ## let ruff and Biome rewrite what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIOME) --write $(FRONT_END)

fuzz: setup ## 10,000 requests that nobody should send, against a running srhooks
	@exec $(BIN)/python -m tests.support.fuzzing $(ARGS)

image-check: ## build the image without an engine, start it, stop it (root, buildah, mmdebstrap)
	@scripts/image-check.sh

lock: setup ## resolve every lock file anew, for all platforms and Pythons
	@scripts/lock.sh $(ARGS)

wheel: setup ## dist/srhooks-*.whl
	@$(BIN)/hatchling build --target wheel

release: setup ## version, changelog, tag, wheel, sdist and image, up to the upload: VERSION=1.2.3 RELEASE_URL=https://…
	@RELEASE_URL="$(RELEASE_URL)" scripts/release.sh "$(VERSION)"

clean: ## remove what the other targets made
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find srhooks tests scripts -name __pycache__ -prune -exec rm -rf {} +
