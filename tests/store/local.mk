check_PROGRAMS += tests/store/test_input tests/store/test_merge tests/store/test_pace tests/store/test_reader \
	tests/store/test_reader_values \
	tests/store/test_segment tests/store/test_segment_damage tests/store/test_sink tests/store/test_source
tests_store_test_input_SOURCES = tests/store/test_input.c tests/store/help.h
tests_store_test_input_LDADD = $(TEST_LIBS)
tests_store_test_reader_SOURCES = tests/store/test_reader.c tests/store/naive.c tests/store/naive.h tests/store/rejects.h tests/store/help.h
tests_store_test_reader_LDADD = $(TEST_LIBS)
tests_store_test_reader_values_SOURCES = tests/store/test_reader_values.c tests/store/rejects.h tests/store/help.h
tests_store_test_reader_values_LDADD = $(TEST_LIBS)
tests_store_test_sink_SOURCES = tests/store/test_sink.c tests/store/help.h
tests_store_test_sink_LDADD = $(TEST_LIBS)
tests_store_test_source_SOURCES = tests/store/test_source.c tests/store/help.h
tests_store_test_source_LDADD = $(TEST_LIBS)
tests_store_test_merge_SOURCES = tests/store/test_merge.c tests/store/help.h
tests_store_test_merge_LDADD = $(TEST_LIBS)
tests_store_test_segment_SOURCES = tests/store/test_segment.c tests/store/rows.h tests/store/help.h
tests_store_test_segment_LDADD = $(TEST_LIBS)
tests_store_test_segment_damage_SOURCES = tests/store/test_segment_damage.c tests/store/rows.h tests/store/help.h
tests_store_test_segment_damage_LDADD = $(TEST_LIBS)
tests_store_test_pace_SOURCES = tests/store/test_pace.c tests/store/help.h
tests_store_test_pace_LDADD = $(TEST_LIBS)
