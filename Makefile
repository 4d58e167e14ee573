# Two commands on a fresh machine: make book, make test. They need Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN := .venv/bin

# The networks of chapters and tests are small: one thread is faster than two, and what the records were made with.
book test long notebooks floor pages class: export OMP_NUM_THREADS = 1

.PHONY: help book pdf zip slides test long lint check notebooks browser floor sync student pages class bench cuda serve clean
.DELETE_ON_ERROR:

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

book: .venv/installed ## build the book into _build/html
	rm -rf _build
	$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "open _build/html/index.html"

pdf: .venv/installed ## print the built book into _build/tfm_lite.pdf; needs Chromium
	$(BIN)/python book/pdf.py

zip: .venv/installed ## put the built book into _build/tfm_lite-book.zip, to open anywhere without a network
	$(BIN)/python book/pack.py

# reveal.js, by version and checksum; nothing else needs it.
.venv/slides: requirements-slides.txt .venv/installed
	rm -rf $@
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --no-compile --target $@ -r $<
	@touch $@

slides: .venv/slides ## write the slides of the ninety minutes, from the built book, into _build/slides
	$(BIN)/python book/slides.py

lint: .venv/installed ## check style, types and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/mypy

test: lint ## check style, types and imports, then run the tests
	$(BIN)/pytest --ignore=tests/book --ignore=tests/benchmarks -n 2 -m "not long"

long: .venv/installed ## run the tests that start processes or train large networks
	$(BIN)/pytest --ignore=tests/book --ignore=tests/benchmarks -n 2 -m long

notebooks: .venv/installed ## run the notebooks
	$(BIN)/pytest --nbmake --nbmake-timeout=600 -n 2 -W default book

browser: .venv/installed ## open every page of the built book in a headless browser
	$(BIN)/pytest tests/book -n 2 --dist loadgroup

# The oldest versions that pyproject.toml allows: its lower bounds, each with == for >=.
.venv-floor/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "the oldest versions are those for Python 3.11, this is " + sys.version.split()[0] + ": make floor PYTHON=python3.11")'
	$(PYTHON) -m venv .venv-floor
	$(PYTHON) -c 'import tomllib; bounds = tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]; print("\n".join(bounds).replace(">=", "=="))' > .venv-floor/oldest.txt
	grep -E '^(pytest|nbmake|ipykernel)==' requirements.txt > .venv-floor/tools.txt
	.venv-floor/bin/pip install --quiet --disable-pip-version-check -r .venv-floor/oldest.txt -r .venv-floor/tools.txt -e .
	@touch $@

# What the oldest versions decide: whether a chapter runs, the letters are the same images, the same numbers come of them, and folders
# can be locked.
floor: .venv-floor/installed ## check that the oldest versions that are allowed still do
	.venv-floor/bin/pytest -W default --nbmake book/01_forgetting.ipynb
	.venv-floor/bin/pytest -W default tests/datasets/test_alphabets.py tests/methods/test_golden.py tests/nn/test_layers.py tests/test_shared.py

check: book slides test long notebooks browser ## all of it, as continuous integration does

sync: .venv/installed ## format the chapters, write their notebooks and the pictures
	$(BIN)/python book/art.py
	$(BIN)/python book/sync.py

student: .venv/installed ## write the notebooks without solutions, and student.zip, into _build/student
	$(BIN)/python book/give.py student _build/student

pages: student ## build the students' pages, without solutions, into _build/student/source/_build/html
	cd _build/student/source && ../../../$(BIN)/jupyter-book build . -W -n --keep-going

# nbgrader, with what the book pins left as it is.
.venv/class: .venv/installed
	grep '==' requirements.txt > .venv/pinned.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -c .venv/pinned.txt -e '.[class]'
	@touch $@

class: .venv/class ## write a course for nbgrader into _build/class, once it has marked its own answers
	$(BIN)/python book/give.py class _build/class

bench: .venv/installed ## measure steps, whole small runs and many tasks; nothing else should run meanwhile
	$(BIN)/python tests/benchmarks/speed.py --record
	$(BIN)/python tests/benchmarks/steps.py --record
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/small_runs.py $(if $(FACIL),--facil $(FACIL)) --record
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/many_tasks.py --record

# By a Python that has PyTorch for the card: $(PYTHON) if it has one, else the one of .venv. What else is needed, see there.
cuda: ## check all that is claimed on a GPU and measure it, in five minutes (RECORD=FILE, WHEELS=DIR without a network)
	@if $(PYTHON) -c 'import torch' 2>/dev/null; then python=$(PYTHON); else $(MAKE) .venv/installed && python=$(BIN)/python; fi; \
	$$python tests/cuda/run.py $(if $(RECORD),--record $(RECORD)) $(if $(WHEELS),--wheels $(WHEELS))

serve: ## show the built book at http://localhost:8000
	$(BIN)/python -m http.server --bind 127.0.0.1 -d _build/html 8000

clean: ## remove what was built
	rm -rf _build build .venv .venv-floor
