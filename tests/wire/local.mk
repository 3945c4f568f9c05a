check_PROGRAMS += tests/wire/test_message tests/wire/test_transport tests/wire/test_gate
tests_wire_test_message_SOURCES = tests/wire/test_message.c
tests_wire_test_message_LDADD = $(TEST_LIBS)
tests_wire_test_transport_SOURCES = tests/wire/test_transport.c
tests_wire_test_transport_LDADD = $(TEST_LIBS)
tests_wire_test_gate_SOURCES = tests/wire/test_gate.c
tests_wire_test_gate_LDADD = $(TEST_LIBS)
EXTRA_DIST += doc/protocol.md
