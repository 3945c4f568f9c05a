// reader_lines: the positions of newlines become a batch of lines.
//
// Nothing is copied: a value points into the window. A job that asks for the text alone (no column) pays one offset a line.
#include "store/reader_parts.h"

// The limit can only be passed where a window is longer than it, which is never so by default.
static status_t s_check_lengths (reader_t *self, uint32_t rows, error_t *error)
{
    for (uint32_t r = 0; r < rows; r++)
        TRY (reader_check_length (self, self->start [r], self->at [self->next + r], error));
    return OK;
}

status_t reader_take_lines (reader_t *self, error_t *error)
{
    size_t left = self->count - self->next;
    uint32_t rows = left < self->options.batch_rows ? (uint32_t) left : self->options.batch_rows;
    const char *data = self->text.data;
    const uint32_t *at = self->at + self->next;
    uint32_t first = self->cursor;
    for (uint32_t r = 0, begin = first; r < rows; begin = at [r++] + 1) {
        self->start [r] = begin;
        self->offset [r] = self->text.offset + begin;
    }
    if (self->text.size > self->options.record_limit)
        TRY (s_check_lengths (self, rows, error));
    if (self->options.columns) {
        rac_bytes *value = self->store [0].values;
        for (uint32_t r = 0; r < rows; r++) {
            uint32_t begin = self->start [r];
            value [r] = (rac_bytes) { .data = data + begin, .size = reader_trim (data, begin, at [r]) - begin };
        }
    }
    self->next += rows;
    self->cursor = at [rows - 1] + 1;
    self->batch.rows = rows;
    self->batch.text = data + first;
    self->batch.text_size = self->cursor - first - (self->cursor == self->text.size ? self->text.added : 0);
    return OK;
}
