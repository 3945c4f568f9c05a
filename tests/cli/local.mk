check_PROGRAMS += tests/cli/test_ticket
tests_cli_test_ticket_SOURCES = tests/cli/test_ticket.c cli/ticket.c cli/ticket.h
tests_cli_test_ticket_LDADD = $(TEST_LIBS)
