// source: the bytes of one split, in order, from a plain file or inflated from a gzip one.
//
// One thread's. Errors name the file and the offset. A file that is not as it was at submit (size, mtime, inode) is an error at
// open and again at the end, so that a changed input never gives a quiet half result.
#pragma once
#include "store/input.h"

typedef struct source source_t;

// From offset on; file is borrowed until source_close. plain: up to the file's end (the reader decides where to stop). packed: offset
// must be 0; all members.
source_t *source_open (const input_file_t *file, uint64_t offset, error_t *error);    // NULL: failed
void source_close (source_t **self_p);
// Up to room (1 or more) bytes; *size 0: the end. Truncated or corrupt gzip is ERROR_DATA. Bytes after the last member: source_warning.
CHECKED status_t source_read (source_t *self, char *to, size_t room, size_t *size, error_t *error);
CHECKED status_t source_check (source_t *self, error_t *error);                       // unchanged since submit?
uint64_t source_taken (const source_t *self);                                         // bytes of the file read so far, packed or not
const char *source_warning (const source_t *self);                                    // or NULL
