// scan: is this one well-formed and harmless msgpack value? Asked before msgpack-c may allocate anything.
#pragma once
#include "base/error.h"

enum { SCAN_DEPTH = 4, SCAN_NODES = 10000 };            // far above any message of ours, far below what hurts

// OK: exactly `size` bytes, no nesting deeper than SCAN_DEPTH, at most SCAN_NODES values, no count larger than the bytes that follow.
CHECKED status_t scan_msgpack (const void *bytes, size_t size, error_t *error);
bool scan_utf8 (const char *text, size_t size);         // valid UTF-8 without NUL
