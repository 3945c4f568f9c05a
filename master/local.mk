libmaster_a_SOURCES += \
	master/plan.c master/plan.h \
	master/plan_borders.c \
	master/plan_give.c \
	master/plan_job.c \
	master/plan_slots.c \
	master/plan_state.h
