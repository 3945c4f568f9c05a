// window: a split's bytes in pieces that hold whole records, for the readers.
//
// One thread's. Where a split's first and last records begin and end is decided here and nowhere else; what a record holds is the
// readers' business.
#pragma once
#include "store/source.h"

typedef struct {
    const input_file_t *file;                           // borrowed
    uint64_t offset, length;                            // of the split; of a packed file: 0 and its size
    bool multiline;                                     // a newline inside "quotes" ends no record; offset must be 0
    size_t step;                                        // bytes a window, 1 or more; a longer record makes a longer window
    uint64_t record_limit;                              // bytes, at most WINDOW_RECORD_MOST
} window_options_t;

enum { WINDOW_RECORD_MOST = 1 << 30 };                  // so that positions in a window fit in 32 bits

// Whole records; the last byte is a newline. Readable 64 bytes before and behind. Good until the next call.
typedef struct {
    const char *data;
    size_t size;                                        // 0: the split's end
    size_t added;                                       // of size: bytes at the end that the file lacks (its last newline)
    uint64_t offset;                                    // of data in the file, unpacked if packed
} window_text_t;

typedef struct window window_t;

window_t *window_open (const window_options_t *options, error_t *error);                     // NULL: failed
void window_close (window_t **self_p);
CHECKED status_t window_next (window_t *self, window_text_t *text, error_t *error);
uint64_t window_done (const window_t *self);                                                 // bytes of the split's length, for progress
const char *window_warning (const window_t *self);                                           // or NULL
