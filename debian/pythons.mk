# The Pythons that the package brings compiled libraries for: those of Debian 12, Ubuntu 24.04, Debian 13, and what is next.
# A second one costs half a megabyte. debian/control says the same in `Depends`.
PYTHONS := 3.11 3.12 3.13 3.14

# $(call wheels,VERSION): what pip is told, so that it takes the wheels for that Python, whichever runs pip. 2.36 is the C
# library of Debian 12; manylinux2014 is what 2.17 was called before.
MACHINE := $(shell uname -m)
PLATFORMS := $(shell seq -f 'manylinux_2_%g_$(MACHINE)' 36 -1 17) manylinux2014_$(MACHINE)
wheels = --no-deps --only-binary=:all: --implementation cp --python-version $(1) \
  --abi cp$(subst .,,$(1)) --abi abi3 --abi none $(PLATFORMS:%=--platform %)
