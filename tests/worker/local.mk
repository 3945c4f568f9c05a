check_PROGRAMS += tests/worker/test_plugin tests/worker/test_worker tests/worker/test_job tests/worker/test_job_input \
    tests/worker/test_collect tests/worker/test_cache tests/worker/test_cache_room tests/worker/test_outbox tests/worker/test_fetch tests/worker/test_whole \
    tests/worker/test_link tests/worker/test_stage tests/worker/test_health tests/worker/test_scratch tests/worker/test_bundles
EXTRA_DIST += tests/worker/declare.h tests/worker/sealed.h tests/worker/chunks.h tests/worker/server.h
tests_worker_test_plugin_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
tests_worker_test_worker_SOURCES = tests/worker/test_worker.c tests/worker/fake_engine.c
tests_worker_test_worker_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SOURCE='"$(abs_top_srcdir)"'
# Compiled by the tests themselves, as a job is.
EXTRA_DIST += tests/worker/beast.c
