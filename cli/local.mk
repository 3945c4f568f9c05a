# bin_PROGRAMS += racimo; racimo_SOURCES = cli/...; racimo_LDADD = $(RACIMO_LIBS)
