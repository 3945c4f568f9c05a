bin_PROGRAMS += racimo
racimo_SOURCES = \
	cli/cli.h cli/main.c cli/common.c \
	cli/ask.c cli/ask.h \
	cli/attach.c cli/cancel.c \
	cli/cluster.c cli/cluster.h cli/cluster_files.c cli/cluster_init.c cli/cluster_join.c cli/cluster_find.c \
	cli/config.c cli/config.h cli/config_parts.h cli/config_text.c \
	cli/crew.c cli/crew.h cli/guest.c cli/guest.h \
	cli/daemon.c cli/daemon.h \
	cli/describe.c \
	cli/follow.c cli/follow.h \
	cli/home.c cli/home.h \
	cli/inspect.c cli/inspect.h \
	cli/interrupt.c cli/interrupt.h \
	cli/jobs.c \
	cli/json.c cli/json.h \
	cli/list.c \
	cli/local.c cli/local.h \
	cli/logs.c \
	cli/master.c \
	cli/new.c \
	cli/nodes.c \
	cli/options.c cli/options.h cli/options_parts.h \
	cli/options_place.c \
	cli/progress.c cli/progress.h \
	cli/remote.c cli/remote.h cli/remote_parts.h \
	cli/remote_result.c \
	cli/result.c cli/result.h \
	cli/run.c \
	cli/sides.c cli/sides.h \
	cli/sources.c cli/sources.h \
	cli/status.c cli/up.c cli/up_master.c cli/up_parts.h \
	cli/ticket.c cli/ticket.h \
	cli/worker.c
racimo_LDADD = $(RACIMO_LIBS)
