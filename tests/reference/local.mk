# A naive program that follows doc/semantics.md and nothing else, and seeded test data. No engine code is linked.
# They are tools of tests, no tests: so not in check_PROGRAMS but built before the tests all the same.
EXTRA_PROGRAMS += tests/reference/reference tests/reference/generate
check_SCRIPTS += tests/reference/reference$(EXEEXT) tests/reference/generate$(EXEEXT)
tests_reference_reference_SOURCES = tests/reference/reference.c tests/reference/reference.h tests/reference/shipped.c \
    tests/reference/tested.c tests/reference/records.c tests/reference/records.h tests/reference/table.c \
    tests/reference/table.h tests/reference/sum.c tests/reference/sum.h tests/reference/value.c tests/reference/value.h
tests_reference_reference_LDADD =
tests_reference_generate_SOURCES = tests/reference/generate.c
tests_reference_generate_LDADD =
TESTS += tests/reference/check.sh
EXTRA_DIST += tests/reference/check.sh tests/reference/check.py
