// work: see work.h. How the input is cut depends on the input alone, never on slots, so that tasks, partitions and output are the same
// on a laptop and on a cluster: a sixty-fourth of it, but between 1 MiB (a task's own cost is about a millisecond) and 16 MiB (what a retry repeats).
#include "master/work.h"
#include "base/clock.h"
#include "base/file.h"

#include <racimo.h>
#include <stdio.h>

enum {
    CHUNK_LEAST = 1 << 20, CHUNK_MOST = 16 << 20, CHUNK_STEP = 1 << 16, SHARES = 64, TASKS = 1000000,
    FILES = 2000000,                                    // that can be shuffled: a segment has PLAN_HELD tasks at most, and a REDUCE names all segments
};

static void s_result_clear (result_t *self)
{
    for (uint32_t i = 0; i < self->counters; i++)
        free (self->counter [i]);
    free (self->counter);
    free (self->count);
    free (self->part);
    *self = (result_t) { 0 };
}

// Both go to every executor in one message.
static status_t s_check_size (work_t *self, error_t *error)
{
    if (self->encoded.size + 1024 > MESSAGE_LIMIT)
        return error_set_kind (error, ERROR_USAGE, "too many inputs or options: name the folder instead of each file");
    if (self->encoded.size + self->first_line.size + 4096 > MESSAGE_LIMIT)
        self->first_line.size = 0;                      // no header that anybody could use; work_cut says so if one is needed
    return OK;
}

static status_t s_add_input (work_t *self, const char *name, const names_t *names, error_t *error)
{
    char *path = names->roots ? roots_find (names->roots, name, self->asked.submit.folder, error) : memory_text (name);
    status_t rc = path ? input_list_add (path, names->fence, &self->inputs, error) : FAILED;
    free (path);
    return rc;
}

// What the message names, then what the list of the others does.
static status_t s_list_inputs (work_t *self, const names_t *names, error_t *error)
{
    const message_submit_t *submit = &self->asked.submit;
    buffer_t list = { 0 };
    status_t rc = names->list ? file_load (names->list, INPUT_NAMES, &list, error) : OK;
    buffer_add (&list, "", 1);                          // also for a list whose last name has no end
    for (uint32_t i = 0; !rc && i < submit->inputs.count; i++)
        rc = s_add_input (self, submit->inputs.item [i], names, error);
    for (size_t at = 0; !rc && at < list.size; at += strlen (list.data + at) + 1)
        if (list.data [at])
            rc = s_add_input (self, list.data + at, names, error);
    buffer_free (&list);
    return rc;
}

static status_t s_look (work_t *self, const names_t *names, error_t *error)
{
    const message_submit_t *submit = &self->asked.submit;
    TRY (message_encode (&self->asked, &self->encoded, error));
    self->output = output_new (submit, self->number, error);
    if (!self->output)
        return FAILED;
    TRY (s_list_inputs (self, names, error));
    for (uint32_t i = 0; i < self->inputs.files; i++)
        self->input_bytes += self->inputs.file [i].size;
    for (uint32_t i = 0; i < self->inputs.files && !self->first_line.size; i++)
        if (self->inputs.file [i].size)                 // empty files tell nothing about columns
            TRY (input_first_line (&self->inputs.file [i], &self->first_line, error));
    return s_check_size (self, error);
}

work_t *work_new (uint64_t number, message_t *asked, const names_t *names, error_t *error)
{
    work_t *self = memory_new (sizeof *self);
    self->number = number;
    self->asked = *asked;
    self->submitted_us = clock_us ();
    *asked = (message_t) { 0 };
    if (s_look (self, names, error))
        work_destroy (&self);
    return self;
}

static void s_cut_clear (work_t *self)
{
    for (uint32_t i = 0; i < self->names.count; i++)
        free (self->names.item [i]);
    free (self->names.item);
    free (self->split);
    self->names = (wire_texts_t) { 0 };
    self->split = NULL;
    self->tasks = 0;
}

void work_destroy (work_t **self_p)
{
    work_t *self = *self_p;
    if (!self)
        return;
    output_destroy (&self->output);
    for (int s = 0; s < 2; s++) {
        for (uint32_t i = 0; i < self->results [s]; i++)
            s_result_clear (&self->result [s] [i]);
        free (self->result [s]);
    }
    s_cut_clear (self);
    input_list_free (&self->inputs);
    free (self->told);
    free (self->watcher);
    free (self->share);
    free (self->print);
    buffer_free (&self->first_line);
    buffer_free (&self->encoded);
    buffer_free (&self->summary);
    free (self->end);
    free (self->compiler);
    free (self->warning);
    free (self->doom);
    message_free (&self->asked);
    free (self);
    *self_p = NULL;
}

// ---- the cut

static status_t s_cut_rows (work_t *self, uint64_t rows, error_t *error)
{
    if (self->inputs.files)
        return error_set_kind (error, ERROR_USAGE, "%s: this job makes its own rows and reads no input", self->inputs.file [0].path);
    uint64_t step = rows / SHARES > RAC_ROWS ? rows / SHARES : RAC_ROWS;
    step = (step + RAC_ROWS - 1) / RAC_ROWS * RAC_ROWS;
    self->numbered = true;
    self->tasks = (uint32_t) (rows / step + (rows % step != 0));
    self->split = memory_new (self->tasks * sizeof *self->split);
    for (uint32_t i = 0; i < self->tasks; i++) {
        uint64_t from = i * step;
        self->split [i] = (input_split_t) { 0, from, rows - from < step ? rows - from : step };
    }
    return OK;
}

static uint64_t s_chunk (const work_t *self)
{
    if (self->asked.submit.chunk)
        return self->asked.submit.chunk;
    uint64_t chunk = self->input_bytes / SHARES;
    chunk = chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk > CHUNK_MOST ? CHUNK_MOST : chunk;
    return (chunk + CHUNK_STEP - 1) / CHUNK_STEP * CHUNK_STEP;
}

static status_t s_cut_files (work_t *self, const message_declared_t *declared, error_t *error)
{
    if (!self->inputs.files && self->asked.submit.inputs.count)
        return error_set_kind (error, ERROR_USAGE, "%s: holds no files", self->asked.submit.inputs.item [0]);
    if (!self->inputs.files)
        return error_set_kind (error, ERROR_USAGE, "no input: name files, folders or patterns behind the job");
    if (declared->format != RAC_LINES && declared->header && !self->first_line.size && self->inputs.file [0].size > CHUNK_STEP / 2)
        return error_set_kind (error, ERROR_DATA, "%s: its header line is longer than racimo can use", self->inputs.file [0].path);
    if (declared->shuffle && self->inputs.files > FILES)
        return error_set_kind (error, ERROR_USAGE, "%u input files are more than %d, the most for a job that shuffles: join small ones", self->inputs.files,
            FILES);
    uint64_t chunk = declared->multiline ? UINT64_C (1) << 62 : s_chunk (self);
    uint64_t tasks = 0;
    for (uint32_t i = 0; i < self->inputs.files; i++)
        tasks += self->inputs.file [i].packed ? 1 : self->inputs.file [i].size / chunk + 1;
    if (tasks > TASKS + (uint64_t) self->inputs.files)
        return error_set_kind (error, ERROR_USAGE, "--chunk %llu would make %llu tasks, more than %d", (unsigned long long) chunk,
            (unsigned long long) tasks, TASKS);
    self->tasks = input_split (&self->inputs, chunk, &self->split);
    return OK;
}

status_t work_cut (work_t *self, const message_declared_t *declared, uint64_t **bytes, error_t *error)
{
    *bytes = NULL;
    s_cut_clear (self);                                 // an executor that declared before may have been lost since
    self->declared_us = clock_us ();
    self->shuffle = declared->shuffle != 0;
    self->names = (wire_texts_t) { memory_new (declared->result_names.count * sizeof (char *)), declared->result_names.count };
    for (uint32_t i = 0; i < self->names.count; i++)
        self->names.item [i] = memory_text (declared->result_names.item [i]);
    if (declared->format == RAC_NUMBERED)
        TRY (s_cut_rows (self, declared->numbered_rows, error));
    else
        TRY (s_cut_files (self, declared, error));
    *bytes = memory_new (self->tasks * sizeof **bytes);
    for (uint32_t i = 0; i < self->tasks; i++)
        (*bytes) [i] = self->split [i].length;
    if (self->numbered)
        self->input_bytes = declared->numbered_rows;
    return OK;
}

bool work_told (const work_t *self, uint64_t worker)
{
    for (uint32_t i = 0; i < self->tolds; i++)
        if (self->told [i] == worker)
            return true;
    return false;
}

bool work_tell (work_t *self, uint64_t worker)
{
    if (work_told (self, worker))
        return false;
    self->told = memory_grow (self->told, (self->tolds + 1) * sizeof *self->told);
    self->told [self->tolds++] = worker;
    return true;
}

void work_map_message (const work_t *self, uint64_t task, message_map_t *into)
{
    const input_split_t *split = &self->split [task];
    into->offset = split->offset;
    into->length = split->length;
    into->path = (char *) "";
    if (self->numbered)
        return;
    const input_file_t *file = &self->inputs.file [split->file];
    into->path = file->path;
    into->size = file->size;
    into->inode = file->inode;
    into->device = file->device;
    into->mtime_ns = (uint64_t) file->mtime_ns;
    into->ctime_ns = (uint64_t) file->ctime_ns;
    into->file = split->file;
    into->packed = file->packed;
}

// ---- who follows it, and who does it

bool work_watches (const work_t *self, const peer_id_t *client)
{
    for (uint32_t i = 0; i < self->watchers; i++)
        if (peer_id_equal (&self->watcher [i], client))
            return true;
    return false;
}

void work_watch (work_t *self, const peer_id_t *client)
{
    if (work_watches (self, client))
        return;
    self->watcher = memory_grow (self->watcher, (self->watchers + 1) * sizeof *self->watcher);
    self->watcher [self->watchers++] = *client;
}

void work_unwatch (work_t *self, uint32_t index)
{
    self->watcher [index] = self->watcher [--self->watchers];
}

share_t *work_share (work_t *self, uint64_t worker, const char *node)
{
    for (uint32_t i = 0; i < self->shares; i++)
        if (self->share [i].worker == worker)
            return &self->share [i];
    self->share = memory_grow (self->share, (self->shares + 1) * sizeof *self->share);
    share_t *share = &self->share [self->shares++];
    *share = (share_t) { .worker = worker };
    snprintf (share->node, sizeof share->node, "%s", node);
    return share;
}

void work_name_task (const work_t *self, uint64_t stage, uint64_t task, char *text, size_t room)
{
    unsigned long long number = task;
    if (stage || task >= self->tasks) {
        snprintf (text, room, "reduce task %llu", number);
        return;
    }
    const input_split_t *split = &self->split [task];
    unsigned long long from = split->offset, to = split->offset + split->length;
    if (self->numbered)
        snprintf (text, room, "task %llu (rows %llu-%llu)", number, from, to);
    else
        snprintf (text, room, "task %llu (%s bytes %llu-%llu)", number, self->inputs.file [split->file].path, from, to);
}

// ---- results

static result_t *s_result (work_t *self, uint64_t stage, uint64_t task)
{
    uint32_t *results = &self->results [stage];
    if (task >= *results) {
        uint32_t room = (uint32_t) task + 1 > *results * 2 ? (uint32_t) task + 1 : *results * 2;
        self->result [stage] = memory_grow (self->result [stage], room * sizeof (result_t));
        memset (self->result [stage] + *results, 0, (room - *results) * sizeof (result_t));
        *results = room;
    }
    return &self->result [stage] [task];
}

void work_keep (work_t *self, const message_done_t *done)
{
    result_t *result = s_result (self, done->stage, done->task);
    s_result_clear (result);
    *result = (result_t) { .there = true, .attempt = done->attempt, .bytes_in = done->bytes_in, .rows_in = done->rows_in,
        .bytes_out = done->bytes_out, .rows_out = done->rows_out, .rejects = done->rejects, .time_us = done->time_us, .spilled = done->spilled };
    result->part = done->part && *done->part ? memory_text (done->part) : NULL;
    result->counters = done->counters.count < done->counts.count ? done->counters.count : done->counts.count;
    result->counter = memory_new (result->counters * sizeof (char *));
    result->count = memory_new (result->counters * sizeof (uint64_t));
    for (uint32_t i = 0; i < result->counters; i++) {
        result->counter [i] = memory_text (done->counters.item [i]);
        result->count [i] = done->counts.item [i];
    }
    if (!self->warning && done->warning && *done->warning)
        self->warning = memory_text (done->warning);
}

uint64_t work_rows (const work_t *self)
{
    uint64_t rows = 0;
    for (uint32_t i = 0; i < self->results [0]; i++)
        rows += self->result [0] [i].rows_in;
    return rows;
}

static char *s_rejected_name (const result_t *result)
{
    buffer_t name = { 0 };
    if (result->rejects && result->part)
        buffer_print (&name, "%s.rejected", result->part);
    return name.data;
}

status_t work_commit (work_t *self, error_t *error)
{
    uint32_t parts = 0;
    output_part_t *part = memory_new ((self->results [0] + self->results [1]) * sizeof *part);
    for (int s = 0; s < 2; s++)
        for (uint32_t i = 0; i < self->results [s]; i++) {
            const result_t *result = &self->result [s] [i];
            if (result->there)
                part [parts++] = (output_part_t) { s || !self->shuffle ? result->part : NULL, result->rows_out, s_rejected_name (result) };
        }
    buffer_t summary = { 0 };
    self->ended_us = clock_us ();
    work_summary (self, &summary);
    status_t rc = output_commit (self->output, part, parts, &self->names, &summary, error);
    buffer_free (&summary);
    for (uint32_t i = 0; i < parts; i++)
        free ((char *) part [i].rejected);
    free (part);
    return rc;
}
