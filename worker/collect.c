// collect: see collect.h.
//
// Folded groups live in a group table and a fold; a run is the groups in the order of their keys. Records lie one behind the other in
// one growing buffer, each as [size u32][key size u32][bytes], 8-byte aligned, and are named by their offset / 8: 32 bits reach 32 GiB. A run is
// the records sorted by their whole strings.
#include "worker/collect.h"
#include "base/file.h"
#include "kernel/value.h"
#include "table/group.h"
#include "table/sort.h"
#include "worker/compact.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// How many runs a segment may have: a reducer reads all of them at once, some 256 KiB each.
enum { RUN_BYTES = 512 * 1024, RUNS_LEAST = 16, RUNS_MOST = 128 };

enum { ROWS_MOST = 1 << 30 };                           // rows or groups held, whatever the memory: twice as many are counted in 32 bits

struct collect {
    const job_t *job;
    const shape_t *shape;
    uint64_t memory;
    char *folder, *twin;
    uint64_t slot, serial;
    // folded groups
    group_t *group;
    fold_t *fold;
    uint32_t *number;                                   // scratch: groups of a batch
    // records
    buffer_t record;
    sort_item_t *item; uint32_t items, item_room;
    // both
    buffer_t strings;                                   // scratch: encoded keys of a batch
    rac_bytes *text;
    uint64_t in_memory;                                 // bytes of sealed segments in the twin folder
    pace_t pace;                                        // of the disk
    segment_writer_t *writer;                           // NULL: nothing was spilled since the last seal
    char *path;
    uint64_t spilled;
    volatile uint64_t *watched;                         // blocks written; NULL: nobody looks
};

// ---- shape

status_t shape_of (shape_t *self, const job_t *job, error_t *error)
{
    *self = (shape_t) { .records = job->mode != JOB_FOLD, .prefix = job->spread != RAC_RANGE };
    uint32_t columns = self->records ? job->columns : job->keys;
    if (columns > COUNT_OF (self->key.column) || job->folds > COUNT_OF (self->fold))
        return error_set_kind (error, ERROR_JOB, "more than %zu keys and values, or %zu folds", COUNT_OF (self->key.column), COUNT_OF (self->fold));
    self->key.columns = columns;
    for (uint32_t i = 0; i < columns; i++) {
        self->from [i] = i < job->keys ? i : job->order [i - job->keys];
        const job_column_t *column = &job->column [self->from [i]];
        self->key.column [i] = (key_column_t) { .type = column->type, .descending = column->descending, .key = i < job->keys };
    }
    for (uint32_t i = 0; i < job->folds; i++) {
        const job_fold_t *fold = &job->fold [i];
        self->fold [i] = (fold_spec_t) { .name = fold->name, .kind = fold->kind, .value = fold->value,
                                         .type = fold->value == UINT32_MAX ? 0 : job->column [fold->value].type, .own = &fold->own };
    }
    return OK;
}

fold_t *shape_fold_new (const shape_t *self, const job_t *job)
{
    return fold_new (self->fold, job->folds);
}

void shape_segment (const shape_t *self, const fold_t *fold, segment_layout_t *layout)
{
    *layout = (segment_layout_t) { .state_bytes = fold ? fold_row_bytes (fold) : 0, .records = self->records };
}

// ---- life

collect_t *collect_new (const job_t *job, const shape_t *shape, uint64_t memory, const char *folder, const char *twin, uint64_t slot)
{
    collect_t *self = memory_new (sizeof *self);
    self->job = job;
    self->shape = shape;
    self->memory = memory;
    self->folder = memory_text (folder);
    self->twin = memory_text (twin);
    self->slot = slot;
    self->pace = pace_new (pace_mode (getenv ("RACIMO_PACK")));
    self->text = memory_new (RAC_ROWS * sizeof *self->text);
    if (!shape->records) {
        self->group = group_new ();
        self->fold = shape_fold_new (shape, job);
        self->number = memory_new (RAC_ROWS * sizeof *self->number);
    }
    return self;
}

static void s_forget (collect_t *self)
{
    if (self->group)
        group_reset (self->group);
    if (self->fold)
        fold_reset (self->fold);
    self->record.size = 0;
    self->items = 0;
}

void collect_drop (collect_t *self)
{
    s_forget (self);
    segment_discard (&self->writer);
}

void collect_destroy (collect_t **self_p)
{
    collect_t *self = *self_p;
    if (!self)
        return;
    segment_discard (&self->writer);
    group_destroy (&self->group);
    fold_destroy (&self->fold);
    buffer_free (&self->record);
    buffer_free (&self->strings);
    free (self->item); free (self->number); free (self->text); free (self->path); free (self->folder); free (self->twin);
    free (self);
    *self_p = NULL;
}

void collect_watch (collect_t *self, volatile uint64_t *blocks)
{
    self->watched = blocks;
}

uint64_t collect_spilled (const collect_t *self)
{
    return self->spilled;
}

// ---- runs

static uint64_t s_held (const collect_t *self)
{
    if (self->shape->records)
        return self->record.size + 2ull * self->items * sizeof *self->item;
    return group_bytes (self->group) + fold_bytes (self->fold);
}

static status_t s_open_file (collect_t *self, bool small, error_t *error)
{
    char name [64];
    snprintf (name, sizeof name, "segment-%llu-%d-%llu", (unsigned long long) self->slot, (int) getpid (), (unsigned long long) self->serial++);
    free (self->path);
    bool in_memory = small && *self->twin;
    self->path = file_join (in_memory ? self->twin : self->folder, name);
    segment_layout_t layout;
    shape_segment (self->shape, self->fold, &layout);
    self->writer = segment_create (self->path, &layout, error);
    if (!self->writer)
        return FAILED;
    segment_watch (self->writer, self->watched);
    if (!in_memory || self->pace.mode == PACK_ALWAYS)
        segment_pack (self->writer, &self->pace);
    return OK;
}

status_t collect_write_group (segment_writer_t *to, const fold_t *fold, uint32_t group, rac_bytes key, char *state, error_t *error)
{
    fold_save (fold, group, state);
    TRY (segment_add (to, key, key.size, state, error));
    uint32_t extra = fold_extra_rows (fold, group);
    for (uint32_t e = 0; e < extra; e++) {
        fold_save_extra (fold, group, e, state);
        TRY (segment_add (to, key, key.size, state, error));
    }
    return OK;
}

static status_t s_write_groups (collect_t *self, error_t *error)
{
    const uint32_t *sorted = group_sorted (self->group);
    uint32_t groups = group_count (self->group);
    char *state = memory_new (fold_row_bytes (self->fold) + 8);
    status_t rc = OK;
    for (uint32_t i = 0; i < groups && !rc; i++)
        rc = collect_write_group (self->writer, self->fold, sorted [i], group_key (self->group, sorted [i]), state, error);
    free (state);
    return rc;
}

static rac_bytes s_record (const void *context, uint32_t index)
{
    const char *at = (const char *) context + ((size_t) index << 3);
    uint32_t size;
    memcpy (&size, at, 4);
    return (rac_bytes) { at + 8, size, 0 };
}

static uint32_t s_key_size (const collect_t *self, uint32_t index)
{
    uint32_t size;
    memcpy (&size, self->record.data + ((size_t) index << 3) + 4, 4);
    return size;
}

static bool s_same_key (const collect_t *self, uint32_t a, uint32_t b)
{
    uint32_t size = s_key_size (self, a);
    return size == s_key_size (self, b) && !memcmp (s_record (self->record.data, a).data, s_record (self->record.data, b).data, size);
}

static status_t s_write_records (collect_t *self, error_t *error)
{
    sort_items (self->item, self->item + self->item_room, self->items, s_record, self->record.data);
    for (uint32_t i = 0; i < self->items; i++) {
        if (i + 8 < self->items)
            __builtin_prefetch (self->record.data + ((size_t) self->item [i + 8].index << 3));
        uint32_t index = self->item [i].index;
        if (self->job->unique && i && s_same_key (self, index, self->item [i - 1].index))
            continue;
        TRY (segment_add (self->writer, s_record (self->record.data, index), s_key_size (self, index), NULL, error));
    }
    return OK;
}

static uint32_t s_rows (const collect_t *self)
{
    return self->shape->records ? self->items : fold_groups (self->fold);
}

// All runs of the file become one of a new file: a reducer needs a block's memory for every run that it reads.
static status_t s_compact (collect_t *self, error_t *error)
{
    char *old = self->path;
    self->path = NULL;
    status_t rc = segment_finish (&self->writer, NULL, NULL, error);
    if (!rc)
        rc = s_open_file (self, false, error);
    if (!rc)
        rc = compact_runs (self->job, self->shape, self->fold, old, self->writer, error);
    unlink (old);
    free (old);
    return rc;
}

static uint32_t s_most_runs (const collect_t *self)
{
    uint64_t runs = self->memory / RUN_BYTES;
    return runs < RUNS_LEAST ? RUNS_LEAST : runs > RUNS_MOST ? RUNS_MOST : (uint32_t) runs;
}

// A file that is begun while its rows still lie here doubles them: in memory only if both stay within what is allowed.
static status_t s_flush (collect_t *self, error_t *error)
{
    if (!s_rows (self))
        return OK;
    if (!self->writer)
        TRY (s_open_file (self, s_held (self) + self->in_memory < self->memory / 2, error));
    segment_begin_run (self->writer);
    TRY (self->shape->records ? s_write_records (self, error) : s_write_groups (self, error));
    TRY (segment_end_run (self->writer, error));
    s_forget (self);
    return segment_written_runs (self->writer) < s_most_runs (self) ? OK : s_compact (self, error);
}

static status_t s_bound (collect_t *self, error_t *error)
{
    uint64_t held = s_held (self);
    if (held < self->memory && s_rows (self) < ROWS_MOST)
        return OK;
    self->spilled += held;
    return s_flush (self, error);
}

status_t collect_seal (collect_t *self, const char **path, uint64_t *bytes, uint64_t *rows, error_t *error)
{
    *path = NULL;
    *bytes = *rows = 0;
    TRY (s_flush (self, error));
    if (!self->writer)
        return OK;
    TRY (segment_finish (&self->writer, bytes, rows, error));
    *path = self->path;
    if (*self->twin && !strncmp (self->path, self->twin, strlen (self->twin)))
        self->in_memory += *bytes;
    return OK;
}

// ---- rows

static const rac_bytes *s_strings (collect_t *self, const rac_column *column, uint32_t rows, const uint32_t *part)
{
    if (!part && key_is_plain (&self->shape->key) && !column [self->shape->from [0]].valid)
        return column [self->shape->from [0]].at.bytes;
    self->strings.size = 0;
    key_encode (&self->shape->key, column, self->shape->from, part, 0, rows, &self->strings, self->text);
    return self->text;
}

const rac_bytes *collect_keys (collect_t *self, const rac_column *column, uint32_t rows)
{
    const rac_bytes *text = s_strings (self, column, rows, NULL);
    if (!self->shape->records || self->job->keys == self->job->columns)
        return text;
    for (uint32_t r = 0; r < rows; r++)
        self->text [r].size = key_length (&self->shape->key, self->job->keys, false, text [r]);
    return self->text;
}

// Told here, where the caller still knows whose row it is.
static status_t s_check_sizes (const rac_bytes *text, uint32_t rows, error_t *error)
{
    uint32_t any = 0;
    for (uint32_t r = 0; r < rows; r++)
        any |= text [r].size;
    for (uint32_t r = 0; any > SEGMENT_ROW && r < rows; r++)
        if (text [r].size > SEGMENT_ROW)
            return error_set_kind (error, ERROR_DATA, "a key (with its values) of %u bytes: at most %u are possible", text [r].size, SEGMENT_ROW);
    return OK;
}

static status_t s_add_groups (collect_t *self, const rac_column *column, uint32_t rows, const uint32_t *part, error_t *error)
{
    if (!self->job->keys && !part)
        memset (self->number, 0, rows * sizeof *self->number);
    if (self->job->keys || part || !group_count (self->group)) {
        static const rac_bytes none = { "", 0, 0 };
        const rac_bytes *key = self->job->keys || part ? s_strings (self, column, rows, part) : &none;
        TRY (s_check_sizes (key, key == &none ? 1 : rows, error));
        group_find (self->group, key, key == &none ? 1 : rows, self->number);
    }
    fold_grow (self->fold, group_count (self->group));
    fold_add (self->fold, self->number, column, rows);
    return s_bound (self, error);
}

static void s_item_room (collect_t *self, uint32_t rows)
{
    if (self->items + rows <= self->item_room)
        return;
    self->item_room = (self->items + rows) * 2;
    self->item = memory_grow (self->item, 2ull * self->item_room * sizeof *self->item);
}

static status_t s_add_records (collect_t *self, const rac_column *column, uint32_t rows, const uint32_t *part, error_t *error)
{
    const rac_bytes *text = s_strings (self, column, rows, part);
    bool whole = self->job->keys == self->job->columns;
    TRY (s_check_sizes (text, rows, error));
    s_item_room (self, rows);
    for (uint32_t r = 0; r < rows; r++) {
        uint32_t size = text [r].size;
        buffer_reserve (&self->record, 16 + (size_t) size);
        char *at = self->record.data + self->record.size;
        uint32_t key_size = whole ? size : key_length (&self->shape->key, self->job->keys, part != NULL, text [r]);
        memcpy (at, &size, 4);
        memcpy (at + 4, &key_size, 4);
        if (size)                                       // an empty text may be NULL
            memcpy (at + 8, text [r].data, size);
        self->item [self->items++] = (sort_item_t) { .prefix = sort_prefix (text [r], 0), .index = (uint32_t) (self->record.size >> 3) };
        self->record.size += (8 + (size_t) size + 7) & ~(size_t) 7;
        if (self->record.size > 24ull << 30)            // offsets / 8 must stay within 32 bits
            TRY (s_flush (self, error));
    }
    return s_bound (self, error);
}

// Rows that are added before memory is looked at: all of them may be new groups, and a group's states may take kilobytes.
static uint32_t s_piece (const collect_t *self, uint32_t rows)
{
    if (self->shape->records)
        return rows;
    uint64_t piece = self->memory / 4 / (fold_row_bytes (self->fold) + 1);
    return piece >= rows ? rows : piece < 64 ? 64 : (uint32_t) piece & ~63u;        // whole words of validity
}

status_t collect_add (collect_t *self, const rac_column *column, uint32_t rows, const uint32_t *part, error_t *error)
{
    assert (rows <= RAC_ROWS);
    rac_column slice [JOB_COLUMNS];
    for (uint32_t from = 0, piece = s_piece (self, rows); from < rows; from += piece) {
        uint32_t some = rows - from < piece ? rows - from : piece;
        for (uint32_t c = 0; from && c < self->job->columns; c++)
            slice [c] = value_slice (&column [c], from);
        const rac_column *at = from ? slice : column;
        const uint32_t *parts = part ? part + from : NULL;
        TRY (self->shape->records ? s_add_records (self, at, some, parts, error) : s_add_groups (self, at, some, parts, error));
    }
    return OK;
}
