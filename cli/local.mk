bin_PROGRAMS += racimo
racimo_SOURCES = \
	cli/cli.h cli/main.c cli/common.c \
	cli/describe.c \
	cli/follow.c cli/follow.h \
	cli/home.c cli/home.h \
	cli/inspect.c cli/inspect.h \
	cli/interrupt.c cli/interrupt.h \
	cli/json.c cli/json.h \
	cli/list.c \
	cli/local.c cli/local.h \
	cli/new.c \
	cli/options.c cli/options.h \
	cli/progress.c cli/progress.h \
	cli/remote.c cli/remote.h \
	cli/result.c cli/result.h \
	cli/run.c
racimo_LDADD = $(RACIMO_LIBS)
