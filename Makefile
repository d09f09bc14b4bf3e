# make try    the censored internet, the shipped scenarios, and which way still works
# make test   every test (what needs a system package is skipped by name)
# make system-deps   the system packages that some tests use (asks for root; starts nothing)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: try test system-deps clean

try: $(VENV)/ready
	@$(BIN)/waygauge try $(ARGS)

# tox keeps the hundreds of processes that tests start from writing bytecode; they find what is compiled here.
test: $(VENV)/tox
	@$(BIN)/python -m compileall -q harness || true
	@$(BIN)/tox run $(if $(ENVS),-e $(ENVS)) $(if $(ARGS),-- $(ARGS))

system-deps:
	@sh packaging/system-deps

$(VENV)/python:
	@echo "waygauge: making a virtual environment in $(VENV), once; about 3 s"
	@sh packaging/venv "$(PYTHON)" "$(VENV)"

$(VENV)/ready: $(VENV)/python pyproject.toml packaging/engines.txt
	@echo "waygauge: installing into $(VENV), once; about 20 s, more on a slow line"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r packaging/engines.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@$(BIN)/python -m compileall -q harness || true
	@touch $@

$(VENV)/tox: $(VENV)/python
	@echo "waygauge: installing tox into $(VENV), once; about 10 s"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'tox>=4.20'
	@touch $@

clean:
	rm -rf $(VENV) .tox out
