// locate: see locate.h.
//
// Two ways to be sure. On the head itself, device, inode, size and time are the master's own. Elsewhere (NFS gives another device, some servers
// another inode) path, size and time must agree and the first and last 64 KiB must hash to the same: a copy that an rsync has made
// counts as the same file, for it is; one that was changed within the same second and size in the middle only would not be seen.
#include "worker/locate.h"
#include "base/file.h"
#include "store/input.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_KEPT = 1 << 20 };                          // of a job; beyond, each task looks for itself

typedef struct { enum { UNKNOWN, HERE, ELSEWHERE } answer; uint64_t inode, device; } place_t;
typedef struct { uint64_t job; place_t *place; uint64_t places; } known_t;

struct locate {
    bool blind;
    known_t *known;
    uint32_t jobs;
};

locate_t *locate_new (bool blind)
{
    locate_t *self = memory_new (sizeof *self);
    self->blind = blind;
    return self;
}

void locate_destroy (locate_t **self_p)
{
    locate_t *self = *self_p;
    if (!self)
        return;
    while (self->jobs)
        locate_forget (self, self->known [self->jobs - 1].job);
    free (self->known);
    free (self);
    *self_p = NULL;
}

bool locate_is_blind (const locate_t *self)
{
    return self->blind;
}

void locate_forget (locate_t *self, uint64_t job)
{
    for (uint32_t i = 0; i < self->jobs; i++)
        if (self->known [i].job == job) {
            free (self->known [i].place);
            self->known [i--] = self->known [--self->jobs];
        }
}

static place_t *s_place (locate_t *self, uint64_t job, uint64_t file)
{
    uint32_t i = 0;
    while (i < self->jobs && self->known [i].job != job)
        i++;
    if (i == self->jobs) {
        self->known = memory_grow (self->known, (self->jobs + 1) * sizeof *self->known);
        self->known [self->jobs++] = (known_t) { .job = job };
    }
    known_t *known = &self->known [i];
    if (file >= known->places) {
        uint64_t places = file + 1 + known->places;
        known->place = memory_grow (known->place, places * sizeof *known->place);
        memset (known->place + known->places, 0, (places - known->places) * sizeof *known->place);
        known->places = places;
    }
    return &known->place [file];
}

static bool s_is_same (const message_map_t *map, int fd, const struct stat *here)
{
    uint64_t head = 0, tail = 0;
    if (!S_ISREG (here->st_mode) || (uint64_t) here->st_size != map->size || (uint64_t) file_time_ns (here->st_mtim) != map->mtime_ns)
        return false;
    if (here->st_ino == map->inode && here->st_dev == map->device)
        return true;
    return (map->head || map->tail) && !input_fingerprint (fd, map->path, map->size, &head, &tail, NULL) && head == map->head && tail == map->tail;
}

static place_t s_look (const message_map_t *map)
{
    place_t place = { .answer = ELSEWHERE };
    struct stat here;
    int fd = open (map->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && !fstat (fd, &here) && s_is_same (map, fd, &here))
        place = (place_t) { HERE, here.st_ino, here.st_dev };
    if (fd >= 0)
        close (fd);
    return place;
}

bool locate_file (locate_t *self, const message_map_t *map, uint64_t *inode, uint64_t *device)
{
    place_t here = { .answer = ELSEWHERE };
    place_t *place = !self->blind && map->file < FILES_KEPT ? s_place (self, map->job, map->file) : &here;
    if (!self->blind && (place == &here || place->answer == UNKNOWN))
        *place = s_look (map);
    *inode = place->inode;
    *device = place->device;
    return place->answer == HERE;
}
