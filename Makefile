# Two commands do all the set-up on a fresh machine: `make demo` (light) and `make test` (everything).
PYTHON ?= python3
LIGHT  := .venv-light
FULL   := .venv

# Seconds that `make fuzz` gives each target.
FUZZ_SECONDS ?= 60

.PHONY: demo test browser lint fuzz notebook clean

demo: $(LIGHT)/ready ## install the light core and run the main job on a drawn data set
	$(LIGHT)/bin/image-tagging demo

test: $(FULL)/ready browser ## install everything, CLIP included, and run all tests
	$(FULL)/bin/python -m pytest

browser: ## a real browser, where it can be installed: the page of a training is tried in it, else those tests skip
	@for name in chromium chromium-browser google-chrome chrome; do command -v $$name >/dev/null && exit 0; done; false \
	|| { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	     && apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; } \
	|| echo "No chromium here: the tests that open a page in a browser will skip."

lint: $(FULL)/ready ## what CI also demands of the code
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy
	$(FULL)/bin/lint-imports

fuzz: $(FULL)/ready ## look for input that breaks the reading of models and archives (fuzz/README.md)
	$(FULL)/bin/python -m pip install --quiet --editable '.[fuzz]'
	$(FULL)/bin/python -m fuzz.run pickle --seconds $(FUZZ_SECONDS)
	$(FULL)/bin/python -m fuzz.run archives --seconds $(FUZZ_SECONDS)

$(LIGHT)/ready: pyproject.toml
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python -m pip install --quiet --upgrade pip
	$(LIGHT)/bin/python -m pip install --quiet --editable .
	touch $@

$(FULL)/ready: pyproject.toml requirements.txt
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/python -m pip install --quiet --upgrade pip
	$(FULL)/bin/python -m pip install --quiet --requirement requirements.txt --editable '.[clip,heif,dev]'
	touch $@

clean:
	rm -rf $(LIGHT) $(FULL) demo-output build
