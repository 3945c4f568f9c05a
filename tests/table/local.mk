check_PROGRAMS += tests/table/test_exact tests/table/test_fold tests/table/test_fold_facts tests/table/test_group \
	tests/table/test_key tests/table/test_sort
tests_table_test_exact_SOURCES = tests/table/test_exact.c tests/table/help.h
tests_table_test_exact_LDADD = $(TEST_LIBS)
tests_table_test_fold_SOURCES = tests/table/test_fold.c tests/table/help.h
tests_table_test_fold_LDADD = $(TEST_LIBS)
tests_table_test_fold_facts_SOURCES = tests/table/test_fold_facts.c tests/table/help.h
tests_table_test_fold_facts_LDADD = $(TEST_LIBS)
tests_table_test_group_SOURCES = tests/table/test_group.c tests/table/help.h
tests_table_test_group_LDADD = $(TEST_LIBS)
tests_table_test_key_SOURCES = tests/table/test_key.c tests/table/help.h
tests_table_test_key_LDADD = $(TEST_LIBS)
tests_table_test_sort_SOURCES = tests/table/test_sort.c tests/table/help.h
tests_table_test_sort_LDADD = $(TEST_LIBS)
