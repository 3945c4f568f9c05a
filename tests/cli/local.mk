check_PROGRAMS += tests/cli/test_ticket tests/cli/test_sources
tests_cli_test_ticket_SOURCES = tests/cli/test_ticket.c cli/ticket.c cli/ticket.h
tests_cli_test_sources_SOURCES = tests/cli/test_sources.c cli/sources.c cli/sources.h
