libworker_a_SOURCES += \
	worker/builds.c worker/builds.h \
	worker/bundles.c worker/bundles.h \
	worker/forward.c worker/forward.h \
	worker/cache.c worker/cache.h worker/cache_parts.h worker/cache_disk.c worker/cache_victims.c \
	worker/collect.c worker/collect.h \
	worker/compact.c worker/compact.h \
	worker/dossier.c worker/dossier.h \
	worker/engine.c worker/engine.h worker/engine_parts.h \
	worker/engine_map.c worker/engine_out.c worker/engine_reduce.c worker/engine_side.c \
	worker/executor.c worker/executor.h \
	worker/fetch.c worker/fetch.h worker/fetch_parts.h \
	worker/guard.c worker/guard.h \
	worker/health.c worker/health.h \
	worker/inlet.c \
	worker/gather.c worker/gather.h \
	worker/job.c worker/job.h worker/job_parts.h \
	worker/job_clauses.c worker/job_explain.c worker/job_input.c worker/job_resolve.c \
	worker/line.c worker/line.h \
	worker/link.c worker/link.h \
	worker/locate.c worker/locate.h \
	worker/loop.c worker/loop_parts.h worker/member.c \
	worker/mail.c worker/mail.h \
	worker/order.c worker/order.h \
	worker/outbox.c worker/outbox.h \
	worker/plugin.c worker/plugin.h worker/plugin_file.c worker/plugin_file.h \
	worker/recipe.c worker/recipe.h \
	worker/scratch.c worker/scratch.h \
	worker/serve.c worker/serve.h \
	worker/slot.c worker/slot.h worker/slot_parts.h worker/slot_end.c \
	worker/stage.c worker/stage_parts.h worker/staging.c \
	worker/supply.c worker/supply.h \
	worker/tasklog.c worker/tasklog.h \
	worker/upload.c \
	worker/verdict.c worker/verdict.h \
	worker/whole.c \
	worker/worker.h \
	worker/zygote.c worker/zygote.h
