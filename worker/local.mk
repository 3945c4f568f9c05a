libworker_a_SOURCES += \
	worker/dossier.c worker/dossier.h \
	worker/executor.c worker/executor.h \
	worker/line.c worker/line.h \
	worker/loop.c \
	worker/order.c worker/order.h \
	worker/plugin.c worker/plugin.h \
	worker/recipe.c worker/recipe.h \
	worker/slot.c worker/slot.h \
	worker/tasklog.c worker/tasklog.h \
	worker/verdict.c worker/verdict.h \
	worker/worker.h \
	worker/zygote.c worker/zygote.h

libworker_a_SOURCES += worker/engine.h
