# check_PROGRAMS += tests/reference/reference
