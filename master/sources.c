// sources: a job's sources on their way from this master, which has them from its client (intake.c), to the workers: at its first JOB with their
// hash a worker sends WANT, and again for each further piece, so nothing is sent that nobody waits for.
#include "master/desk.h"
#include "base/log.h"

void desk_want (shell_t *self, const peer_id_t *from, const message_want_t *want, bool worker)
{
    error_t error = { 0 };
    buffer_t piece = { 0 };
    uint64_t size = 0;
    bool build = worker && self->desk && blobs_has (self->desk->builds, want->blob);
    status_t rc = self->desk ? blobs_read (build ? self->desk->builds : self->desk->blobs, want->blob, want->offset, &piece, &size, &error)
        : error_set (&error, "this master keeps no sources");
    message_t blob = { .verb = MESSAGE_BLOB, .blob = { want->blob, want->offset, size, { piece.data, (uint32_t) piece.size }, rc ? error.text : NULL } };
    if (peer_send (self->peer, from, &blob, 0, NULL))
        log_line (LOG_WARN, "a worker has gone before it got the sources of a job");
    buffer_free (&piece);
}

void desk_sides_end (shell_t *self, uint64_t job, sides_t *sides)
{
    if (self->data && sides->files.files)
        dataserver_forget (self->data, job, FETCH_SIDE, &sides->files);
    sides_free (sides, self->desk ? self->desk->blobs : NULL);
}
