libmaster_a_SOURCES += \
	master/admit.c \
	master/allow.c master/allow.h \
	master/askers.c master/askers.h \
	master/blobs.c master/blobs.h \
	master/builders.c master/builders.h \
	master/clients.c \
	master/commit.c \
	master/desk.c master/desk.h \
	master/dataserver.c master/dataserver.h \
	master/door.c master/door.h \
	master/errands.c master/errands.h \
	master/hear.c \
	master/history.c master/history.h \
	master/homes.c master/homes.h \
	master/intake.c master/intake.h \
	master/look.c \
	master/loop.c master/master.h \
	master/orders.c \
	master/output.c master/output.h master/output_parts.h \
	master/output_commit.c \
	master/plan.c master/plan.h \
	master/plan_ahead.c \
	master/plan_away.c \
	master/plan_borders.c \
	master/plan_draft.c \
	master/plan_faults.c \
	master/plan_give.c \
	master/plan_job.c \
	master/plan_place.c \
	master/plan_slots.c \
	master/plan_speed.c \
	master/plan_stage.c \
	master/plan_state.h \
	master/plan_users.c \
	master/plan_workers.c \
	master/prints.c master/prints.h \
	master/roster.c master/roster.h \
	master/results.c master/results.h \
	master/roots.c master/roots.h \
	master/shelf.c master/shelf.h \
	master/shell.h \
	master/sides.c master/sides.h \
	master/sources.c \
	master/spool.c master/spool.h \
	master/summary.c \
	master/tokens.c master/tokens.h \
	master/work.c master/work.h
