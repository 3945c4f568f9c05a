check_PROGRAMS += tests/kernel/test_hash tests/kernel/test_parse tests/kernel/test_powers tests/kernel/test_print \
	tests/kernel/test_scan tests/kernel/test_text tests/kernel/test_time
tests_kernel_test_hash_SOURCES = tests/kernel/test_hash.c tests/kernel/sets.h
tests_kernel_test_hash_LDADD = $(TEST_LIBS)
tests_kernel_test_parse_SOURCES = tests/kernel/test_parse.c tests/kernel/sets.h
tests_kernel_test_parse_LDADD = $(TEST_LIBS)
tests_kernel_test_powers_SOURCES = tests/kernel/test_powers.c tests/kernel/sets.h
tests_kernel_test_powers_LDADD = $(TEST_LIBS)
tests_kernel_test_print_SOURCES = tests/kernel/test_print.c tests/kernel/sets.h
tests_kernel_test_print_LDADD = $(TEST_LIBS)
tests_kernel_test_scan_SOURCES = tests/kernel/test_scan.c tests/kernel/sets.h
tests_kernel_test_scan_LDADD = $(TEST_LIBS)
tests_kernel_test_text_SOURCES = tests/kernel/test_text.c tests/kernel/sets.h
tests_kernel_test_text_LDADD = $(TEST_LIBS)
tests_kernel_test_time_SOURCES = tests/kernel/test_time.c tests/kernel/sets.h
tests_kernel_test_time_LDADD = $(TEST_LIBS)
