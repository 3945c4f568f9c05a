// rejects: what a reader rejects, as text. For the tests of readers.
#pragma once
#include "help.h"
#include "store/reader.h"

// A line a record: its offset, "|" and its bytes; context: a buffer.
static inline status_t s_reject (void *context, uint64_t offset, rac_bytes record, const char *why, error_t *error)
{
    (void) error;
    buffer_t *into = context;
    ck_assert (*why);
    buffer_print (into, "%llu|", (unsigned long long) offset);
    buffer_add (into, record.data, record.size);
    buffer_add (into, "\n", 1);
    return OK;
}

static inline bool s_same (const buffer_t *a, const buffer_t *b)
{
    return a->size == b->size && (!a->size || !memcmp (a->data, b->data, a->size));
}
