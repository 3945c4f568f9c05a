check_PROGRAMS += tests/table/test_exact tests/table/test_fold tests/table/test_fold_facts tests/table/test_group tests/table/test_key \
    tests/table/test_sort
EXTRA_DIST += tests/table/help.h
