# Twice on purpose: in $(includedir) for people and editors, in $(pkgdatadir) so that api/ lies beside jobs/ as in the source
# tree, which is what the program looks for.
include_HEADERS = api/racimo.h
apidir = $(pkgdatadir)/api
api_DATA = api/racimo.h
