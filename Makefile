# Two commands do all the set-up on a fresh machine: `make demo` (light) and `make test` (everything).
PYTHON ?= python3

# Each environment is made when it is first needed, and brought up to date when pyproject.toml changes:
# the program alone; with the tools, but without PyTorch; with everything, PyTorch included (about 6 GB); what builds
# and checks a release; what builds the site.
LIGHT := .venv-light
DEV   := .venv-dev
FULL  := .venv
OLDRAY := .venv-ray
DIST  := .venv-dist
SITE  := .venv-docs
# One for each library that reads what `image-tagging export` writes: they do not agree on what they need.
INTEROP := .venv-interop
LIBRARIES := datasets webdataset pycocotools label-studio-sdk fiftyone

# Tests run in a process per core, at most four; `make test PYTEST_FLAGS=` runs them in one. One that crashes ends the
# run: in groups, pytest-xdist cannot replace it.
PYTEST_FLAGS ?= --numprocesses logical --maxprocesses 4 --dist loadgroup --max-worker-restart 0

# Seconds that `make fuzz` gives each target.
FUZZ_SECONDS ?= 60

# Without it, pytest rewrites and compiles every test module again in every run.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo check format lint test browser ray pictures interop fuzz dist sbom container docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(LIGHT)/ready ## install the light core and run the main job on a drawn data set
	$(LIGHT)/bin/image-tagging demo

check: $(DEV)/ready ## for every edit, without PyTorch: style, types, import rules and the fast tests
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports
	$(DEV)/bin/python -m pytest $(PYTEST_FLAGS) -m "not slow"

format: $(DEV)/ready ## format the code and repair what ruff can repair
	$(DEV)/bin/ruff check --fix-only .
	$(DEV)/bin/ruff format .

lint: $(DEV)/ready ## what CI demands of the code: style, import rules, and types on Linux, Windows and macOS
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy --platform linux
	$(DEV)/bin/mypy --platform win32 --cache-dir .mypy_cache/win32
	$(DEV)/bin/mypy --platform darwin --cache-dir .mypy_cache/darwin
	$(DEV)/bin/lint-imports

test: $(FULL)/ready browser ## install everything, PyTorch included, and run all tests
	$(FULL)/bin/python -m pytest $(PYTEST_FLAGS)

browser: ## install Chromium if this is root with apt; without it, the tests of the report page in a browser skip
	@for name in chromium chromium-browser google-chrome chrome; do command -v $$name >/dev/null && exit 0; done; false \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; } \
	|| echo "No chromium here: the tests that open a page in a browser will skip."

ray: $(OLDRAY)/ready ## the tests of the runner on a cluster, with the oldest Ray that the extra allows
	$(OLDRAY)/bin/python -m pytest tests/runners tests/pipeline/test_shards.py tests/pipeline/test_shards_in_buckets.py

pictures: $(DEV)/ready browser ## draw the pictures of the README once more
	$(DEV)/bin/python docs/pictures/make.py

interop: $(DEV)/ready ## exports read back by the libraries and programs that they are for; skips are named
	for library in $(LIBRARIES); do \
	  test -e $(INTEROP)/$$library/ready || { \
	    $(PYTHON) -m venv $(INTEROP)/$$library \
	    && $(INTEROP)/$$library/bin/python -m pip install --quiet $$library Pillow \
	    && touch $(INTEROP)/$$library/ready; \
	  } || echo "$$library cannot be installed here: its tests will skip."; \
	done
	command -v exiftool >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	  && apt-get update -qq && apt-get install -qq -y --no-install-recommends libimage-exiftool-perl >/dev/null; } \
	|| echo "No exiftool here: the tests of XMP will skip."
	INTEROP=$(INTEROP) $(DEV)/bin/python -m pytest tests/interop

fuzz: $(DEV)/ready ## look for input that breaks the reading of strangers' files (fuzz/README.md)
	$(DEV)/bin/python -m pip install --quiet --editable '.[fuzz]'
	for target in pickle archives drawings metadata lists results cards parquet weights; do \
	  $(DEV)/bin/python -m fuzz.run $$target --seconds $(FUZZ_SECONDS) || exit 1; \
	done

dist: $(DIST)/ready ## build the sdist and the wheel in dist/, and check both (docs/release.md)
	rm -rf dist
	$(DIST)/bin/python -m build --quiet
	$(DIST)/bin/twine check --strict dist/*
	$(DIST)/bin/check-wheel-contents dist

sbom: $(DIST)/ready $(LIGHT)/ready ## list all that the light install brings, with licences, in build/sbom.cdx.json (CycloneDX)
	mkdir -p build
	$(DIST)/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --output-reproducible \
	  --output-format JSON --output-file build/sbom.cdx.json $(LIGHT)/bin/python

container: $(DEV)/ready ## build the container on a Debian made here, and run it (root; docs/container.md; 3 GB)
	IMAGE_TAGGING_CONTAINER=1 $(DEV)/bin/python -m pytest -rs tests/test_container.py

docs: $(SITE)/ready ## build the site of the documentation in site/, where a warning is an error (Python 3.11 and later)
	$(SITE)/bin/python docs/site/build.py

$(LIGHT)/ready: pyproject.toml
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python -m pip install --quiet --upgrade pip
	$(LIGHT)/bin/python -m pip install --quiet --editable .
	touch $@

$(DEV)/ready: pyproject.toml
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install --quiet --upgrade pip
	$(DEV)/bin/python -m pip install --quiet --editable '.[heif,dev]'
	touch $@

$(FULL)/ready: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python -m pip install --quiet --upgrade pip
	$(FULL)/bin/python -m pip install --quiet --requirement requirements.txt --editable '.[torch,openvino,heif,ray,gcs,dev]'
	touch $@

$(OLDRAY)/ready: pyproject.toml
	$(PYTHON) -m venv $(OLDRAY)
	$(OLDRAY)/bin/python -m pip install --quiet --upgrade pip
	$(OLDRAY)/bin/python -m pip install --quiet 'ray[data]==2.51.*' --editable '.[ray,dev]'
	touch $@

$(DIST)/ready: pyproject.toml
	$(PYTHON) -m venv $(DIST)
	$(DIST)/bin/python -m pip install --quiet --upgrade pip
	$(DIST)/bin/python -m pip install --quiet build twine check-wheel-contents cyclonedx-bom
	touch $@

$(SITE)/ready: pyproject.toml
	$(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip install --quiet --upgrade pip
	$(SITE)/bin/python -m pip install --quiet --editable '.[docs]'
	touch $@

clean: ## remove the environments and what was built
	rm -rf $(LIGHT) $(DEV) $(FULL) $(OLDRAY) $(INTEROP) $(DIST) $(SITE) demo-output build dist site
