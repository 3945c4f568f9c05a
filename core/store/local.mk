libcore_a_SOURCES += \
	core/store/input.c core/store/input.h core/store/input_print.c \
	core/store/source.c core/store/source.h \
	core/store/source_gz.c core/store/source_gz.h \
	core/store/merge.c core/store/merge.h \
	core/store/pace.c core/store/pace.h \
	core/store/segment.h core/store/segment_format.h core/store/segment_read.c core/store/segment_write.c \
	core/store/reader.c core/store/reader.h core/store/reader_parts.h \
	core/store/reader_lines.c core/store/reader_fields.c core/store/reader_values.c \
	core/store/sink.c core/store/sink.h \
	core/store/window.c core/store/window.h
