libcore_a_SOURCES += \
	core/base/clock.c core/base/clock.h \
	core/base/error.c core/base/error.h \
	core/base/file.c core/base/file.h \
	core/base/log.c core/base/log.h \
	core/base/memory.c core/base/memory.h
