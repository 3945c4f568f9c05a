check_PROGRAMS += tests/kernel/test_hash tests/kernel/test_scan tests/kernel/test_text
tests_kernel_test_hash_SOURCES = tests/kernel/test_hash.c tests/kernel/sets.h
tests_kernel_test_hash_LDADD = $(TEST_LIBS)
tests_kernel_test_scan_SOURCES = tests/kernel/test_scan.c tests/kernel/sets.h
tests_kernel_test_scan_LDADD = $(TEST_LIBS)
tests_kernel_test_text_SOURCES = tests/kernel/test_text.c tests/kernel/sets.h
tests_kernel_test_text_LDADD = $(TEST_LIBS)
