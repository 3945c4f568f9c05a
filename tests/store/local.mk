check_PROGRAMS += tests/store/test_input tests/store/test_merge tests/store/test_pace tests/store/test_reader \
    tests/store/test_reader_values tests/store/test_segment tests/store/test_segment_damage tests/store/test_sink tests/store/test_source
EXTRA_DIST += tests/store/help.h tests/store/naive.h tests/store/rejects.h tests/store/rows.h
tests_store_test_reader_SOURCES = tests/store/test_reader.c tests/store/naive.c
