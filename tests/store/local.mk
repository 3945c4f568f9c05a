check_PROGRAMS += tests/store/test_reader
tests_store_test_reader_SOURCES = tests/store/test_reader.c tests/store/help.h
tests_store_test_reader_LDADD = $(TEST_LIBS)
