libcore_a_SOURCES += \
	core/store/input.c core/store/input.h \
	core/store/source.c core/store/source.h \
	core/store/source_gz.c core/store/source_gz.h
