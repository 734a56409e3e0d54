VENV ?= .venv
PYTHON ?= python3
PIP_INSTALL = $(VENV)/bin/pip install --quiet --disable-pip-version-check -c constraints.txt
# setuptools' default editable mode loses to any folder called `models` in the working directory.
EDITABLE = --config-settings editable_mode=compat -e

.PHONY: run test lint clean

run: $(VENV)/installed
	$(VENV)/bin/gridtwin run day --out runs/day --force

test: $(VENV)/installed-for-tests
	$(VENV)/bin/pytest --numprocesses auto --dist loadfile

lint: $(VENV)/installed-for-tests
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean:
	rm -rf $(VENV) runs

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(PIP_INSTALL) $(EDITABLE) .
	touch $@

$(VENV)/installed-for-tests: $(VENV)/bin/pip pyproject.toml constraints.txt
	$(PIP_INSTALL) $(EDITABLE) ".[test]"
	touch $@ $(VENV)/installed
