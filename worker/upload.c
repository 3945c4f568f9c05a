// upload: the parts of one attempt on their way to the head's disk, because this node does not see it.
//
// A few pieces are under way at a time. The last one goes alone, when all others are stored: it is what makes the head sync the file, so nothing
// may come behind it. An empty part is one empty piece.
#include "worker/fetch_parts.h"
#include "base/clock.h"
#include "base/file.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECES = 4 };

typedef struct piece { haul_t haul; upload_t *upload; struct piece *next; char bytes [FETCH_BYTES]; } piece_t;

struct upload {
    upload_t *next;
    fetcher_t *fetcher;
    uint64_t id, job;
    char *path [2], *part [2];                          // the part, the rejected rows
    uint32_t files, file;                               // file: the one in hand
    int fd;
    uint64_t size, at;
    bool last_sent;
    piece_t *pieces;                                    // under way
    uint32_t under_way;
    uint64_t moved, carried;
    bool failed;
};

static void s_piece_free (piece_t *piece)
{
    upload_t *self = piece->upload;
    for (piece_t **at = &self->pieces; *at; at = &(*at)->next)
        if (*at == piece) {
            *at = piece->next;
            break;
        }
    self->under_way--;
    free (piece);
}

static void s_drop_pieces (upload_t *self)
{
    while (self->pieces) {
        link_drop (self->fetcher->head, &self->pieces->haul);
        s_piece_free (self->pieces);
    }
}

static void s_fail (upload_t *self, const error_t *error)
{
    self->failed = true;
    fetcher_fail (self->fetcher, self->id, 0, error);
}

static void s_close (upload_t *self)
{
    if (self->fd >= 0)
        close (self->fd);
    self->fd = -1;
}

static void s_file_stored (upload_t *self)
{
    s_close (self);
    unlink (self->path [self->file]);
    if (++self->file < self->files)
        return;
    fetched_t *news = fetched_new (FETCHED_ALL, self->id);
    news->moved = self->moved;
    news->carried = self->carried;
    fetcher_tell (self->fetcher, news);
}

static void s_done (haul_t *haul, const error_t *error)
{
    piece_t *piece = haul->context;
    upload_t *self = piece->upload;
    bool last = haul->last;
    self->moved += haul->size;
    self->carried += haul->carried;
    s_piece_free (piece);
    if (self->failed)
        return;
    if (error)
        s_fail (self, error);
    else if (last)
        s_file_stored (self);
}

static status_t s_open (upload_t *self, error_t *error)
{
    struct stat facts;
    const char *path = self->path [self->file];
    self->fd = open (path, O_RDONLY | O_CLOEXEC);
    if (self->fd < 0 || fstat (self->fd, &facts))
        return error_errno (error, "%s: cannot be read to send it", path);
    self->size = (uint64_t) facts.st_size;
    self->at = 0;
    self->last_sent = false;
    return OK;
}

static status_t s_send_piece (upload_t *self, link_t *head, error_t *error)
{
    uint64_t rest = self->size - self->at, size = rest < FETCH_BYTES ? rest : FETCH_BYTES;
    piece_t *piece = memory_grow (NULL, sizeof *piece);
    piece->upload = self;
    piece->haul = (haul_t) { .job = self->job, .offset = self->at, .size = size, .bytes = piece->bytes, .part = self->part [self->file],
                             .last = self->at + size == self->size, .done = s_done, .context = piece };
    if (file_read_at (self->fd, piece->bytes, (size_t) size, self->at, self->path [self->file], error)) {
        free (piece);
        return error_set (error, "%s: has become shorter", self->path [self->file]);
    }
    piece->next = self->pieces;
    self->pieces = piece;
    self->under_way++;
    self->at += size;
    self->last_sent = piece->haul.last;
    link_start (head, &piece->haul, clock_us ());
    return OK;
}

static bool s_may_send (const upload_t *self)
{
    if (self->failed || self->file == self->files)
        return false;
    if (self->fd < 0)
        return true;
    bool last = self->size - self->at <= FETCH_BYTES;
    return !self->last_sent && self->under_way < (last ? 1 : PIECES);
}

bool upload_turn (fetcher_t *fetcher)
{
    upload_t *self = fetcher->uploads;
    while (self && !s_may_send (self))
        self = self->next;
    if (!self)
        return false;
    error_t error = { 0 };
    link_t *head = fetcher_head (fetcher, &error);
    if (head && !link_has_room (head))
        return false;
    status_t rc = head ? OK : FAILED;
    if (!rc && self->fd < 0)
        rc = s_open (self, &error);
    if (!rc)
        rc = s_send_piece (self, head, &error);
    if (rc)
        s_fail (self, &error);
    return true;
}

void upload_new (fetcher_t *fetcher, uint64_t id, uint64_t job, const char *folder, const char *part, bool whole, bool rejected)
{
    upload_t *self = memory_new (sizeof *self);
    *self = (upload_t) { .fetcher = fetcher, .id = id, .job = job, .fd = -1 };
    buffer_t name = { 0 };
    for (int i = 0; i < 2; i++)
        if (i ? rejected : whole) {
            name.size = 0;
            buffer_print (&name, "%s%s", part, i ? ".rejected" : "");
            self->part [self->files] = memory_text (name.data);
            self->path [self->files++] = file_join (folder, name.data);
        }
    buffer_free (&name);
    upload_t **at = &fetcher->uploads;
    while (*at)
        at = &(*at)->next;
    *at = self;
}

static void s_free (upload_t **at)
{
    upload_t *self = *at;
    *at = self->next;
    s_drop_pieces (self);
    s_close (self);
    for (uint32_t i = 0; i < self->files; i++) {
        free (self->path [i]);
        free (self->part [i]);
    }
    free (self);
}

void upload_release (fetcher_t *fetcher, uint64_t id)
{
    for (upload_t **at = &fetcher->uploads; *at; at = &(*at)->next)
        if ((*at)->id == id) {
            s_free (at);
            return;
        }
}

void uploads_free (fetcher_t *fetcher)
{
    while (fetcher->uploads)
        s_free (&fetcher->uploads);
}
