// forward: see forward.h. Pieces are small enough to fit a message even if every byte of them has to be repaired into UTF-8.
#define _GNU_SOURCE
#include "worker/forward.h"

enum { PIECE = 16 * 1024 };

static void s_send (post_t *post, const dossier_t *dossier, uint64_t slot, const char *text)
{
    message_t log = { .verb = MESSAGE_LOG, .log = { .epoch = dossier->job.job.epoch, .job = dossier->job.job.job, .slot = slot,
        .node = (char *) post->options->node, .text = (char *) text } };
    post_send (post, &log);
}

// Cuts at the last line end of a piece if it has one, so that lines stay whole. A NUL, which no text has, becomes a blank.
static size_t s_piece (const char *text, size_t size)
{
    const char *end = size > PIECE ? memrchr (text, '\n', PIECE) : NULL;
    return size <= PIECE ? size : end ? (size_t) (end + 1 - text) : PIECE;
}

void forward_log (post_t *post, uint64_t slot, uint64_t job, tasklog_t *log)
{
    buffer_t *fresh = tasklog_fresh (log);
    dossier_t *dossier = dossiers_find (&post->jobs, job);
    for (size_t at = 0, size; dossier && at < fresh->size && dossier->logged < FORWARD_LIMIT; at += size) {
        char piece [PIECE + 1];
        size = s_piece (fresh->data + at, fresh->size - at);
        memcpy (piece, fresh->data + at, size);
        for (size_t i = 0; i < size; i++)
            piece [i] = piece [i] ? piece [i] : ' ';
        piece [size] = '\0';
        dossier->logged += size;
        s_send (post, dossier, slot, piece);
    }
    fresh->size = 0;
}
