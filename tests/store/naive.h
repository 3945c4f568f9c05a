// naive: the records of a text as a simple program finds them, which goes byte by byte and record by record. For the tests of readers.
#pragma once
#include "base/memory.h"
#include <racimo.h>
#include <stdbool.h>

// A line a row: its offset, and each field behind "|"; rejected records likewise, whole. Free both buffers.
typedef struct { buffer_t rows, rejects; bool failed; } result_t;

typedef struct {
    rac_format format;
    char delimiter;
    bool header, multiline, learn;                      // learn: the reader is not told the number of fields
    uint32_t fields, batch_rows, batch_bytes;
} way_t;

result_t naive_read (const way_t *way, const char *text, size_t size);
