check_PROGRAMS += tests/master/test_simulation tests/master/test_output tests/master/test_plan tests/master/test_plan_borders \
    tests/master/test_plan_workers tests/master/test_plan_ahead tests/master/test_history tests/master/test_dataserver \
    tests/master/test_roots tests/master/test_simulation_time tests/master/test_homes tests/master/test_allow tests/master/test_door \
    tests/master/test_shell tests/master/test_bounds tests/master/test_errands tests/master/test_intake tests/master/test_clones
EXTRA_DIST += tests/master/world.h tests/master/plan_steps.h tests/master/timed.h tests/master/head.h
tests_master_test_simulation_SOURCES = tests/master/test_simulation.c tests/master/world_check.c tests/master/world_work.c
tests_master_test_simulation_time_SOURCES = tests/master/test_simulation_time.c tests/master/timed.c
check_PROGRAMS += tests/master/test_builders
tests_master_test_builders_SOURCES = tests/master/test_builders.c tests/master/head.h
tests_master_test_builders_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/master/test_sides
tests_master_test_sides_SOURCES = tests/master/test_sides.c
tests_master_test_sides_LDADD = $(TEST_LIBS)
