# Scripts against the real binary, with real processes.
system_tests = tests/system/cli.sh tests/system/jobs.sh tests/system/determinism.sh tests/system/data.sh tests/system/faults.sh \
    tests/system/compile.sh tests/system/machine.sh tests/system/readme.sh tests/system/install.sh \
    tests/system/docs.sh tests/system/engine.sh tests/system/disks.sh tests/system/cluster_setup.sh tests/system/cluster_disks.sh \
    tests/system/up.sh tests/system/cluster_net.sh tests/system/cluster_docs.sh tests/system/cluster_client.sh tests/system/streams.sh \
    tests/system/caches.sh tests/system/cluster_jobs.sh
TESTS += $(system_tests)
EXTRA_DIST += $(system_tests) \
    tests/system/cluster.sh tests/system/cluster_figures.sh tests/system/cluster_travel.sh tests/system/common.sh tests/system/hostile.py \
    tests/system/memcheck.sh tests/system/net.sh tests/system/sick.c tests/system/slurm.sh tests/system/storm.sh \
    tests/system/jobs/chosen.c tests/system/jobs/effects.c tests/system/jobs/gaps.c tests/system/jobs/gate.c tests/system/jobs/late.c \
    tests/system/jobs/ledger.c tests/system/jobs/long.c tests/system/jobs/money.c tests/system/jobs/numbers.c tests/system/jobs/pause.c \
    tests/system/jobs/spread.c tests/system/jobs/stand.h tests/system/jobs/top.c tests/system/jobs/trouble.c tests/system/jobs/weigh.c \
    tests/system/jobs/whole.c tests/system/jobs/wide.c

# The whole product of settings instead of a covering selection: about 20,000 runs; and a hundred jobs in a storm.
check-long: all $(check_SCRIPTS)
	$(AM_TESTS_ENVIRONMENT) DETERMINISM=full bash $(srcdir)/tests/system/determinism.sh
	$(AM_TESTS_ENVIRONMENT) STORM=100 bash $(srcdir)/tests/system/storm.sh
.PHONY: check-long

# The installation that this build was made for; distcheck calls it.
installcheck-local:
	$(AM_TESTS_ENVIRONMENT) INSTALLED='$(DESTDIR)$(prefix)' bash $(srcdir)/tests/system/install.sh

# The cluster at length: figures of a link, of a shuffle, of uneven nodes, a real Slurm. Minutes, and root.
check-cluster: all $(check_SCRIPTS)
	$(AM_TESTS_ENVIRONMENT) CLUSTER=full bash $(srcdir)/tests/system/cluster_net.sh
	$(AM_TESTS_ENVIRONMENT) bash $(srcdir)/tests/system/slurm.sh
.PHONY: check-cluster
