// summary: _job.json: what ran, on what, how long, and what it cost. The same text goes to the client with FINISHED.
//
// Written by hand: a flat object with a few inner ones needs no library.
#include "master/work.h"
#include "wire/bulk.h"
#include "wire/json.h"

#include <racimo.h>

static void s_text_field (buffer_t *into, const char *name, const char *text)
{
    buffer_print (into, "  \"%s\": ", name);
    json_text (into, text ? text : "");
    buffer_print (into, ",\n");
}

static void s_number (buffer_t *into, const char *name, uint64_t value)
{
    buffer_print (into, "  \"%s\": %llu,\n", name, (unsigned long long) value);
}

static void s_texts (buffer_t *into, const char *name, const wire_texts_t *texts)
{
    buffer_print (into, "  \"%s\": [", name);
    for (uint32_t i = 0; i < texts->count; i++) {
        buffer_print (into, i ? ", " : "");
        json_text (into, texts->item [i]);
    }
    buffer_print (into, "],\n");
}

static double s_seconds (int64_t from, int64_t to)
{
    return to > from && from ? (double) (to - from) * 1e-6 : 0;
}

typedef struct { uint64_t tasks, bytes_in, rows_in, rows_out, bytes_out, rejects, time_us, spilled; } total_t;

static total_t s_total (const work_t *work, int stage)
{
    total_t total = { 0 };
    for (uint32_t i = 0; i < work->results [stage]; i++) {
        const result_t *result = &work->result [stage] [i];
        total.tasks += result->there;
        total.bytes_in += result->bytes_in;
        total.rows_in += result->rows_in;
        total.rows_out += result->rows_out;
        total.bytes_out += result->bytes_out;
        total.rejects += result->rejects;
        total.time_us += result->time_us;
        total.spilled += result->spilled;
    }
    return total;
}

typedef struct { const char *name; int64_t count; } counter_t;

static int s_by_name (const void *a, const void *b)
{
    return strcmp (((const counter_t *) a)->name, ((const counter_t *) b)->name);
}

// Counters count once a task that counts, so the attempt that was repeated does not show.
static void s_counters (buffer_t *into, const work_t *work)
{
    size_t all = 0;
    for (int s = 0; s < 2; s++)
        for (uint32_t i = 0; i < work->results [s]; i++)
            all += work->result [s] [i].counters;
    counter_t *counter = memory_new (all * sizeof *counter), *at = counter;
    for (int s = 0; s < 2; s++)
        for (uint32_t i = 0; i < work->results [s]; i++)
            for (uint32_t c = 0; c < work->result [s] [i].counters; c++)
                *at++ = (counter_t) { work->result [s] [i].counter [c], (int64_t) work->result [s] [i].count [c] };
    qsort (counter, all, sizeof *counter, s_by_name);
    buffer_print (into, "  \"counters\": {");
    for (size_t i = 0; i < all; ) {
        int64_t sum = 0;
        const char *name = counter [i].name;
        buffer_print (into, i ? ", " : "");
        for (; i < all && !strcmp (counter [i].name, name); i++)
            sum += counter [i].count;
        json_text (into, name);
        buffer_print (into, ": %lld", (long long) sum);
    }
    buffer_print (into, "},\n");
    free (counter);
}

static void s_times (buffer_t *into, const work_t *work, const total_t *map, const total_t *reduce)
{
    int64_t mapped = work->mapped_us ? work->mapped_us : work->reduced_us;
    buffer_print (into, "  \"wall_seconds\": {\"all\": %.6f, \"declare\": %.6f, \"map\": %.6f, \"reduce\": %.6f, \"commit\": %.6f},\n",
        s_seconds (work->submitted_us, work->ended_us), s_seconds (work->submitted_us, work->declared_us),
        s_seconds (work->declared_us, mapped), work->shuffle ? s_seconds (mapped, work->reduced_us) : 0,
        s_seconds (work->reduced_us, work->ended_us));
    buffer_print (into, "  \"task_seconds\": {\"map\": %.6f, \"shuffle\": %.6f, \"reduce\": %.6f},\n",
        (double) map->time_us * 1e-6, (double) work->seal_us * 1e-6, (double) reduce->time_us * 1e-6);
}

// What came over the network, and how it was packed on the way.
static void s_streamed (buffer_t *into, const work_t *work)
{
    uint64_t moved = 0, carried = 0;
    for (uint32_t i = 0; i < work->shares; i++) {
        moved += work->share [i].moved;
        carried += work->share [i].carried;
    }
    s_number (into, "streamed_bytes", moved);
    s_number (into, "carried_bytes", carried);
    buffer_print (into, "  \"codecs\": [");
    const char *comma = "";
    for (int codec = BULK_NONE + 1; codec < BULK_CODECS; codec++)
        if (work->codecs & UINT64_C (1) << codec) {
            buffer_print (into, "%s\"%s\"", comma, bulk_codec_name ((bulk_codec_t) codec));
            comma = ", ";
        }
    buffer_print (into, "],\n");
}

// Bits of the Pi's firmware: 0 to 3 now, 16 to 19 since boot; a BEAT told of them while the job ran.
static const char *s_trouble (uint64_t throttled)
{
    return throttled & 0x1 ? "undervoltage" : throttled & 0x6 ? "throttled" : throttled & 0x8 ? "hot" : "";
}

// A line a node of a cluster: who did how much, and what the heat did.
static void s_nodes (buffer_t *into, const work_t *work)
{
    buffer_print (into, "  \"nodes\": [");
    for (uint32_t i = 0; i < work->shares; i++) {
        const share_t *share = &work->share [i];
        buffer_print (into, "%s\n    {\"node\": ", i ? "," : "");
        json_text (into, share->node);
        buffer_print (into, ", \"attempts\": %llu, \"bytes_in\": %llu, \"streamed_bytes\": %llu, \"carried_bytes\": %llu, "
            "\"task_seconds\": %.6f", (unsigned long long) share->attempts, (unsigned long long) share->bytes_in,
            (unsigned long long) share->moved, (unsigned long long) share->carried, (double) share->time_us * 1e-6);
        if (share->millicelsius)
            buffer_print (into, ", \"celsius\": %.1f, \"trouble\": \"%s\"", (double) share->millicelsius * 1e-3, s_trouble (share->throttled));
        buffer_print (into, "}");
    }
    buffer_print (into, "\n  ],\n");
}

void work_summary (const work_t *work, buffer_t *into)
{
    const message_submit_t *submit = &work->asked.submit;
    total_t map = s_total (work, 0), reduce = s_total (work, 1);
    const total_t *last = work->shuffle ? &reduce : &map;
    buffer_print (into, "{\n");
    s_text_field (into, "racimo", PACKAGE_VERSION);
    s_text_field (into, "job", submit->name);
    s_text_field (into, "source", submit->source);
    s_texts (into, "options", &submit->options);
    s_texts (into, "inputs", &submit->inputs);
    s_number (into, "input_files", work->inputs.files);
    s_number (into, "input_bytes", work->numbered ? 0 : work->input_bytes);
    s_text_field (into, "output", submit->output);
    s_texts (into, "columns", &work->names);
    s_number (into, "map_tasks", map.tasks);
    s_number (into, "reduce_tasks", reduce.tasks);
    s_number (into, "rows_in", map.rows_in);
    s_number (into, "rows_shuffled", work->segment_rows);
    s_number (into, "rows_out", last->rows_out);
    s_number (into, "bytes_out", last->bytes_out);
    s_number (into, "rejects", map.rejects + reduce.rejects);
    s_counters (into, work);
    s_times (into, work, &map, &reduce);
    s_number (into, "attempts", work->attempts);
    s_number (into, "faults", work->faults);
    s_number (into, "segments", work->segments);
    s_number (into, "segment_bytes", work->segment_bytes);
    s_number (into, "spilled_bytes", map.spilled + reduce.spilled);
    s_number (into, "peak_resident_bytes", work->resident);
    if (work->shares) {                                 // a cluster's
        s_streamed (into, work);
        s_nodes (into, work);
    }
    buffer_print (into, "  \"warning\": ");
    json_text (into, work->warning ? work->warning : "");
    buffer_print (into, "\n}\n");
}
