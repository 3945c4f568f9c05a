check_PROGRAMS += tests/wire/test_message tests/wire/test_transport tests/wire/test_gate tests/wire/test_bulk tests/wire/test_bulk_choice \
    tests/wire/test_bundle tests/wire/test_beacon tests/wire/test_hostile tests/wire/test_names
EXTRA_DIST += tests/wire/port.h
EXTRA_DIST += doc/protocol.md
