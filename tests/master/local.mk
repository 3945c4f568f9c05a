check_PROGRAMS += tests/master/test_simulation tests/master/test_output tests/master/test_plan
tests_master_test_simulation_SOURCES = tests/master/test_simulation.c
tests_master_test_simulation_LDADD = $(TEST_LIBS)
tests_master_test_output_SOURCES = tests/master/test_output.c
tests_master_test_output_LDADD = $(TEST_LIBS)
tests_master_test_plan_SOURCES = tests/master/test_plan.c
tests_master_test_plan_LDADD = $(TEST_LIBS)
