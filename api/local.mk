include_HEADERS = api/racimo.h
