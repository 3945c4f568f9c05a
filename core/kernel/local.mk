libcore_a_SOURCES += \
	core/kernel/avx2.c \
	core/kernel/body_scan.h core/kernel/body_text.h \
	core/kernel/calendar.h \
	core/kernel/digits.h \
	core/kernel/hash.c \
	core/kernel/kernel.c core/kernel/kernel.h \
	core/kernel/neon.c \
	core/kernel/parse.c core/kernel/parse_time.c \
	core/kernel/plain.c \
	core/kernel/powers.c core/kernel/powers.h \
	core/kernel/print.c core/kernel/print.h core/kernel/print_float.c \
	core/kernel/round.c \
	core/kernel/shared.h \
	core/kernel/value.h
