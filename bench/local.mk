EXTRA_PROGRAMS += bench/kernels bench/generate
bench_kernels_SOURCES = bench/kernels.c
bench_kernels_LDADD = $(RACIMO_LIBS)
bench_generate_SOURCES = bench/generate.c
bench_generate_LDADD =
EXTRA_DIST += bench/peers bench/duckdb.mjs

# Racimo beside what else is installed, on generated inputs: make bench SCALE=0.1 QUESTIONS="stations sort". Not part of check.
bench: all bench/generate bench/kernels
	RACIMO=$(abs_top_builddir)/racimo GENERATE=$(abs_top_builddir)/bench/generate RACIMO_HOME=$${RACIMO_HOME:-$(abs_top_srcdir)} $(abs_top_srcdir)/bench/peers $(QUESTIONS)
.PHONY: bench
