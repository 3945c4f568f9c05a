# Tests are the unit tests (Check, tests/FOLDER/test_NAME.c) and scripts (bash). Scripts find what they test in the environment.
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = RACIMO='$(abs_top_builddir)/racimo'; RACIMO_HOME='$(abs_top_builddir)'; SRC='$(abs_top_srcdir)'; \
    export RACIMO RACIMO_HOME SRC;
