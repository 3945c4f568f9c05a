check_PROGRAMS += tests/master/test_simulation
tests_master_test_simulation_SOURCES = tests/master/test_simulation.c
tests_master_test_simulation_LDADD = $(TEST_LIBS)
