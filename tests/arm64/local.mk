# racimo for aarch64, cross-built and emulated: see tests/arm64/check.sh. The tests of this build need its generator and reference.
EXTRA_DIST += tests/arm64/check.sh tests/arm64/sysroot.sh

check-arm64: all tests/reference/generate$(EXEEXT) tests/reference/reference$(EXEEXT)
	$(AM_TESTS_ENVIRONMENT) BUILD='$(abs_top_builddir)' bash $(srcdir)/tests/arm64/check.sh
.PHONY: check-arm64
