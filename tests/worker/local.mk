check_PROGRAMS += tests/worker/test_plugin tests/worker/test_worker
tests_worker_test_plugin_SOURCES = tests/worker/test_plugin.c
tests_worker_test_plugin_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_worker_test_plugin_LDADD = $(TEST_LIBS)
tests_worker_test_worker_SOURCES = tests/worker/test_worker.c tests/worker/fake_engine.c
tests_worker_test_worker_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_worker_test_worker_LDADD = $(TEST_LIBS)
# Compiled by the tests themselves, as a job is.
EXTRA_DIST += tests/worker/beast.c
check_PROGRAMS += tests/worker/test_job tests/worker/test_job_input
tests_worker_test_job_SOURCES = tests/worker/test_job.c tests/worker/declare.h
tests_worker_test_job_LDADD = $(TEST_LIBS)
tests_worker_test_job_input_SOURCES = tests/worker/test_job_input.c tests/worker/declare.h
tests_worker_test_job_input_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/worker/test_collect
tests_worker_test_collect_SOURCES = tests/worker/test_collect.c tests/worker/sealed.h
tests_worker_test_collect_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/worker/test_cache tests/worker/test_cache_room
tests_worker_test_cache_SOURCES = tests/worker/test_cache.c tests/worker/chunks.h
tests_worker_test_cache_LDADD = $(TEST_LIBS)
tests_worker_test_cache_room_SOURCES = tests/worker/test_cache_room.c tests/worker/chunks.h
tests_worker_test_cache_room_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/worker/test_fetch tests/worker/test_link tests/worker/test_stage tests/worker/test_health
tests_worker_test_link_SOURCES = tests/worker/test_link.c
tests_worker_test_link_LDADD = $(TEST_LIBS)
tests_worker_test_stage_SOURCES = tests/worker/test_stage.c tests/worker/server.h
tests_worker_test_stage_LDADD = $(TEST_LIBS)
tests_worker_test_health_SOURCES = tests/worker/test_health.c
tests_worker_test_health_LDADD = $(TEST_LIBS)
tests_worker_test_fetch_SOURCES = tests/worker/test_fetch.c tests/worker/server.h
tests_worker_test_fetch_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/worker/test_scratch
tests_worker_test_scratch_SOURCES = tests/worker/test_scratch.c
tests_worker_test_scratch_LDADD = $(TEST_LIBS)
check_PROGRAMS += tests/worker/test_bundles
tests_worker_test_bundles_SOURCES = tests/worker/test_bundles.c
tests_worker_test_bundles_LDADD = $(TEST_LIBS)
