check_PROGRAMS += tests/kernel/test_hash tests/kernel/test_parse tests/kernel/test_powers tests/kernel/test_print tests/kernel/test_scan \
    tests/kernel/test_text tests/kernel/test_time
EXTRA_DIST += tests/kernel/sets.h
