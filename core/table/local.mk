libcore_a_SOURCES += \
	core/table/exact.c core/table/exact.h \
	core/table/fold.c core/table/fold.h core/table/fold_parts.h \
	core/table/fold_result.c core/table/fold_rows.c \
	core/table/group.c core/table/group.h \
	core/table/key.c core/table/key.h \
	core/table/sort.c core/table/sort.h
