check_PROGRAMS += tests/table/test_sort
tests_table_test_sort_SOURCES = tests/table/test_sort.c tests/table/help.h
tests_table_test_sort_LDADD = $(TEST_LIBS)
