# TESTS += tests/system/NAME.sh, and the same in EXTRA_DIST
