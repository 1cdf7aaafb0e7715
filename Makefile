# make run     serve Claude Code on 127.0.0.1:3456, or on CCPROXY_PORT
# make claude  launch Claude Code on it, with the arguments ARGS
# make install  have the command ccproxy everywhere: a link to it in BINDIR
# make test    run the tests
# make check   run the linter, the type checker and the test of the import floors
# make docs    write docs/commands.md, docs/ccproxy.1 and docs/vendors.md anew from the program
# make deb       build the Debian package, in build/deb
# make test-deb  boot Debians with systemd, install the package there, and try it; needs root
# make apt-repo  lay the built packages out as an apt repository, in build/apt, signed by the key APT_KEY
# make lock      renew requirements.lock, what the package and the container image are made of
# make prices  write the list of prices anew, from the newest litellm
# make clean   delete what the others made
#
# All that is installed goes into .venv, and all that is built into build. PYTHON names the interpreter that makes the
# former; TESTS what `make test` runs, TRIAL how; SUITES on which Debians
# `make test-deb` tries the package.

PYTHON ?= python3
TESTS ?= tests
PRICES ?= litellm
TRIAL ?= --random=0 --reporter=text
ARGS ?=
# Where every shell of root's looks, and most of others'.
BINDIR ?= $(shell [ "`id -u`" = 0 ] && echo /usr/local/bin || echo "$$HOME/.local/bin")
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-warn-script-location

.PHONY: help run claude install test check docs prices clean deb test-deb apt-repo lock wheelhouse
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

help:
	@sed -n 's/^# make/make/p' Makefile

run: $(VENV)/installed
	@exec $(VENV)/bin/ccproxy start --foreground

claude: $(VENV)/installed
	@exec $(VENV)/bin/ccproxy $(ARGS)

install: $(VENV)/installed
	@ours="$(CURDIR)/$(VENV)/bin/ccproxy"; link="$(BINDIR)/ccproxy"; \
	if [ -e "$$link" ] && [ "`readlink "$$link"`" != "$$ours" ]; then \
	  echo "$$link is another ccproxy: remove it, or name another place: make install BINDIR=/path/to/bin" >&2; exit 1; fi; \
	mkdir -p "$(BINDIR)" && ln -sfn "$$ours" "$$link" && echo "The command ccproxy is in $(BINDIR)"; \
	case ":$$PATH:" in *":$(BINDIR):"*) ;; *) echo "Put that on your path: export PATH=$(BINDIR):\$$PATH" ;; esac

test: $(VENV)/installed-test
	@[ -z "$$CCPROXY_CI" ] || $(VENV)/bin/ccproxy tokens fetch
	@exec $(VENV)/bin/python -m twisted.trial $(TRIAL) $(TESTS)

check: $(VENV)/installed-check
	@echo "ruff check";  $(VENV)/bin/ruff check --quiet .
	@echo "ruff format"; $(VENV)/bin/ruff format --quiet --check . || { $(VENV)/bin/ruff format --diff . ; exit 1; }
	@echo "mypy";        $(VENV)/bin/mypy --no-error-summary
	@echo "floors";      $(VENV)/bin/python -m twisted.trial --reporter=summary tests.test_floors

docs: $(VENV)/installed-test
	@$(VENV)/bin/python -m tests.cli.test_manual
	@$(VENV)/bin/python -m tests.providers.test_vendor_list

prices: $(VENV)/installed
	@rm -rf build/prices && mkdir -p build/prices
	@$(VENV)/bin/python -m pip download --quiet --no-deps --only-binary=:all: --dest build/prices $(PRICES)
	@$(VENV)/bin/python -m ccproxy.ledger.pricelist build/prices/*.whl
	@wc -l ccproxy/ledger/prices.tsv

clean:
	rm -rf $(VENV) build dist wheelhouse *.egg-info _trial_temp* .hypothesis .mypy_cache .ruff_cache twisted/plugins/dropin.cache
	find ccproxy tests twisted setup.py -name __pycache__ -prune -exec rm -rf {} +

# Stamps: they are newer than setup.py once all that it asks for is there.

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "ccproxy needs Python 3.11 or newer, and '$(PYTHON)' is `$(PYTHON) --version 2>&1 | head -n 1`." >&2; \
	  echo "Name another one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV)"
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made setup.py pyproject.toml
	@echo "Installing ccproxy and what it needs into $(VENV)"
	@$(PIP) -e .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@echo "Installing what the tests need into $(VENV)"
	@$(PIP) -e '.[test]'
	@touch $@

$(VENV)/installed-check: $(VENV)/installed-test
	@echo "Installing the checkers into $(VENV)"
	@$(PIP) -e '.[test,check]'
	@touch $@

# The Debian package. Its libraries are downloaded and checked against requirements.lock before the build, which has no
# network. One package is for all the Pythons that debian/pythons.mk names.

include debian/pythons.mk

DEBIAN_PYTHON := /usr/bin/python3
PACKAGE := build/deb
UNPACKED := $(PACKAGE)/ccproxy
TREE := setup.py pyproject.toml MANIFEST.in README.md CHANGELOG.md LICENSE requirements.lock ccproxy twisted etc docs debian
OFFLINE = $(shell for way in "" "--map-root-user"; do \
  unshare $$way --net true 2>/dev/null && { echo "unshare $$way --net"; break; }; done)
DOWNLOAD := $(DEBIAN_PYTHON) -m pip download --quiet --disable-pip-version-check --require-hashes --dest wheelhouse
RANKS = s/^WHEEL = "(.*)"/\1 \\/p; s/^WHEEL_SHA256 = "(.*)"/  --hash=sha256:\1/p

lock:
	@$(PYTHON) -m venv build/lock && build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
	  --custom-compile-command "make lock" setup.py --output-file requirements.lock
	@git diff --stat -- requirements.lock 2>/dev/null || true

wheelhouse: wheelhouse/complete

wheelhouse/complete: requirements.lock ccproxy/tokens/archives.py debian/pythons.mk
	@echo "Downloading what requirements.lock names"
	@rm -rf wheelhouse && mkdir wheelhouse
	@sed -nE '$(RANKS)' ccproxy/tokens/archives.py > wheelhouse/ranks.txt
	@$(foreach version,$(PYTHONS),$(DOWNLOAD) $(call wheels,$(version)) --requirement requirements.lock &&) \
	  $(DOWNLOAD) --no-deps --requirement wheelhouse/ranks.txt
	@touch $@

deb: wheelhouse/complete
	@dpkg-checkbuilddeps || { echo "To install them: sudo apt-get build-dep ." >&2; exit 1; }
	@rm -rf $(PACKAGE) && mkdir -p $(UNPACKED)
	@tar -c --exclude=__pycache__ --exclude=dropin.cache $(TREE) wheelhouse | tar -x -C $(UNPACKED)
	@cd $(UNPACKED) && $(OFFLINE) dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary > ../build.log 2>&1 \
	  || { tail -n 40 ../build.log; exit 1; }
	@rm -rf $(UNPACKED)
	@if command -v lintian >/dev/null; then lintian --fail-on error,warning $(PACKAGE)/ccproxy_*.changes; fi
	@ls -l $(PACKAGE)/*.deb

# The releases that it is tried on: with all the walks on the first, and with those of installing on the others.
SUITES ?= trixie bookworm

test-deb: deb
	@debian/tests/boot $(firstword $(SUITES)) $(PACKAGE)/ccproxy_*.deb service lifecycle newcomer proxies
	@for suite in $(wordlist 2,9,$(SUITES)); do \
	  debian/tests/boot $$suite $(PACKAGE)/ccproxy_*.deb lifecycle newcomer || exit 1; done

# One suite for all releases of Debian, as the package is one for all.
SUITE := stable
REPOSITORY := build/apt
GPG = gpg --batch --yes --local-user "$(APT_KEY)"

apt-repo:
	@test -n "$(APT_KEY)" || { echo "Say which key of your GnuPG signs: make apt-repo APT_KEY=FINGERPRINT" >&2; exit 2; }
	@command -v apt-ftparchive >/dev/null || { echo "To make a repository: sudo apt install apt-utils" >&2; exit 1; }
	@ls $(PACKAGE)/*.deb >/dev/null || { echo "There is no package: make deb" >&2; exit 1; }
	@rm -rf $(REPOSITORY) && mkdir -p $(REPOSITORY)/pool/$(SUITE) && cp $(PACKAGE)/*.deb $(REPOSITORY)/pool/$(SUITE)
	@cd $(REPOSITORY) && for deb in pool/$(SUITE)/*.deb; do dpkg-deb --field $$deb Architecture; done | sort -u | \
	  while read -r architecture; do \
	    binary=dists/$(SUITE)/main/binary-$$architecture && mkdir -p $$binary && \
	    apt-ftparchive --arch $$architecture packages pool/$(SUITE) > $$binary/Packages && gzip -9nk $$binary/Packages; \
	  done
	@cd $(REPOSITORY)/dists && apt-ftparchive -o APT::FTPArchive::Release::Origin=ccproxy \
	  -o APT::FTPArchive::Release::Suite=$(SUITE) -o APT::FTPArchive::Release::Codename=$(SUITE) \
	  -o APT::FTPArchive::Release::Components=main \
	  -o APT::FTPArchive::Release::Architectures="$$(ls $(SUITE)/main | sed 's/binary-//' | paste -sd ' ')" \
	  release $(SUITE) > Release && mv Release $(SUITE)/Release
	@cd $(REPOSITORY)/dists/$(SUITE) && $(GPG) --clearsign --output InRelease Release && \
	  $(GPG) --armor --detach-sign --output Release.gpg Release
	@$(GPG) --armor --export "$(APT_KEY)" > $(REPOSITORY)/ccproxy.asc
	@echo "$(REPOSITORY) is a repository, suite $(SUITE); docs/administration.md says how to use it"
