// cache_disk: one file of the chunk cache, as it lies on the disk.
//
//     FOLDER/chunks-0/HASH.data             sparse: block n lies at n MiB
//                     HASH.sums             magic, turn, identity, then XXH3 of each block, 0: not there
//
// Nothing is ever synced: a sum that reached the disk without its data, or the reverse, is a block whose checksum differs, and that is
// a block that is not there. So a crash costs blocks and never a wrong byte, and no journal is needed.
//
// A file that nobody uses is closed, and then anything may happen to it: somebody deletes caches to make room, or restores a backup. What is
// opened again and is not what was closed is believed no more than what an earlier life has left: its checksums are compared
// once more. A file that is deleted while it is used lives on for those who have it open, as an orphan, and is another one for those who come.
#define _GNU_SOURCE
#include "worker/cache_parts.h"
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const uint64_t MAGIC = 0x3273756d73636172;       // "racsums2"

typedef struct { uint64_t magic, turn; cache_identity_t identity; } header_t;

static char *s_path (const cache_t *self, const char *name, const char *kind)
{
    char text [CACHE_NAME + 8];
    snprintf (text, sizeof text, "%s.%s", name, kind);
    return file_join (self->folder, text);
}

static XXH128_hash_t s_hash (const cache_identity_t *identity)
{
    return XXH3_128bits (identity, sizeof *identity);
}

static void s_name (const cache_identity_t *identity, char name [CACHE_NAME])
{
    XXH128_hash_t hash = s_hash (identity);
    snprintf (name, CACHE_NAME, "%016llx%016llx", (unsigned long long) hash.high64, (unsigned long long) hash.low64);
}

uint64_t cache_checksum (const void *bytes, size_t size)
{
    uint64_t sum = XXH3_64bits (bytes, size);
    return sum ? sum : 1;
}

// ---- in memory

static cache_file_t **s_chain (const cache_t *self, const cache_identity_t *identity)
{
    return (cache_file_t **) &self->chain [s_hash (identity).low64 % CACHE_CHAINS];
}

cache_file_t *cache_file_find (const cache_t *self, const cache_identity_t *identity)
{
    cache_file_t *file = *s_chain (self, identity);
    while (file && memcmp (&file->identity, identity, sizeof *identity))
        file = file->next;
    return file;
}

cache_file_t *cache_file_new (cache_t *self, const cache_identity_t *identity)
{
    cache_file_t *file = memory_new (sizeof *file), **chain = s_chain (self, identity);
    *file = (cache_file_t) { .identity = *identity, .data = -1, .sums = -1, .blocks = (identity->size + CACHE_BLOCK - 1) / CACHE_BLOCK,
                             .at = self->files, .next = *chain };
    *chain = file;
    s_name (identity, file->name);
    file->path = s_path (self, file->name, "data");
    file->block = memory_new ((file->blocks + 1) * sizeof *file->block);
    if ((self->files & (self->files - 1)) == 0)
        self->file = memory_grow (self->file, (self->files ? 2 * (size_t) self->files : 1) * sizeof *self->file);
    self->file [self->files++] = file;
    return file;
}

static void s_unchain (cache_t *self, cache_file_t *file)
{
    for (cache_file_t **at = s_chain (self, &file->identity); *at; at = &(*at)->next)
        if (*at == file) {
            *at = file->next;
            return;
        }
}

void cache_file_remove (cache_t *self, cache_file_t *file)
{
    if (!file->orphan) {
        char *sums = s_path (self, file->name, "sums");
        unlink (sums);
        unlink (file->path);
        free (sums);
        s_unchain (self, file);
    }
    self->held -= file->present;
    self->file [file->at] = self->file [--self->files];
    self->file [file->at]->at = file->at;
    cache_file_close (file);
    free (file->path);
    free (file->block);
    free (file);
}

void cache_file_orphan (cache_t *self, cache_file_t *file)
{
    s_unchain (self, file);
    file->orphan = true;
    if (!file->users)
        cache_file_remove (self, file);
}

// ---- open and close

static seen_t s_see (const struct stat *facts)
{
    return (seen_t) { facts->st_dev, facts->st_ino, file_time_ns (facts->st_ctim) };
}

void cache_file_close (cache_file_t *file)
{
    struct stat facts;
    file->seen = file->data >= 0 && !fstat (file->data, &facts) ? s_see (&facts) : (seen_t) { 0 };
    if (file->data >= 0)
        close (file->data);
    if (file->sums >= 0)
        close (file->sums);
    file->data = file->sums = -1;
}

static status_t s_write_header (cache_file_t *file)
{
    header_t header = { MAGIC, file->turn, file->identity };
    return pwrite (file->sums, &header, sizeof header, 0) == sizeof header ? OK : FAILED;
}

// As it was closed? A time of change that is the same says that nobody has written to it either.
static void s_doubt (cache_file_t *file, const struct stat *facts)
{
    seen_t now = s_see (facts);
    if (now.device == file->seen.device && now.inode == file->seen.inode && now.ctime_ns == file->seen.ctime_ns)
        return;
    for (uint64_t b = 0; b < file->blocks; b++)
        file->block [b].checked = false;
}

static status_t s_open (cache_file_t *file, const char *sums)
{
    struct stat facts;
    file->sums = open (sums, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    file->data = file->sums < 0 ? -1 : open (file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file->data < 0 || fstat (file->data, &facts))
        return FAILED;
    s_doubt (file, &facts);
    if (ftruncate (file->data, (off_t) file->identity.size) || (!file->present && ftruncate (file->sums, 0)))
        return FAILED;                                  // nothing is there, so nothing may be said to be
    return s_write_header (file);
}

status_t cache_file_open (cache_t *self, cache_file_t *file, error_t *error)
{
    if (file->data >= 0)
        return OK;
    char *sums = s_path (self, file->name, "sums");
    status_t rc = s_open (file, sums);
    if (rc) {
        int why = errno;
        error_set_kind (error, ERROR_SCRATCH, "%s: cannot be kept: %s", file->path, strerror (why));
        cache_file_close (file);
        errno = why;
    }
    free (sums);
    return rc;
}

void cache_file_read_by (cache_file_t *file, uint64_t turn)
{
    if (file->turn == turn)
        return;
    file->turn = turn;
    if (s_write_header (file)) { }                      // then the next life takes it for older than it is
}

bool cache_file_is_here (const cache_file_t *file)
{
    struct stat open, named;
    return !fstat (file->data, &open) && !stat (file->path, &named) && open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

// ---- blocks

static status_t s_write_sum (const cache_file_t *file, uint64_t block, uint64_t sum)
{
    return pwrite (file->sums, &sum, sizeof sum, (off_t) (sizeof (header_t) + block * sizeof sum)) == sizeof sum ? OK : FAILED;
}

// An orphan's sidecar may be another's by now.
status_t cache_file_write (cache_file_t *file, uint64_t block, const char *bytes, uint64_t sum)
{
    TRY (file_write_at (file->data, bytes, (size_t) cache_block_size (file, block), block * CACHE_BLOCK, file->path, NULL));
    return file->orphan ? OK : s_write_sum (file, block, sum);
}

// The sum first: a block whose data are gone must not look whole.
void cache_file_drop (cache_t *self, cache_file_t *file, uint64_t block)
{
    error_t error = { 0 };
    bool open_before = file->data >= 0;
    if (!cache_file_open (self, file, &error)) {
        if (!file->orphan && s_write_sum (file, block, 0)) { }      // then its checksum will differ
        if (fallocate (file->data, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) (block * CACHE_BLOCK), CACHE_BLOCK)) { }
    }
    file->block [block].sum = 0;
    file->block [block].checked = false;
    file->present--;
    self->held--;
    if (!open_before)
        cache_file_close (file);
}

// ---- what an earlier life has left

// The sidecar is whole and of this name, and its data are there.
static bool s_is_sound (const cache_t *self, const char *name, int fd, header_t *header)
{
    char own [CACHE_NAME];
    struct stat data;
    char *path = s_path (self, name, "data");
    bool there = !stat (path, &data);
    free (path);
    if (!there || file_read_at (fd, header, sizeof *header, 0, name, NULL) || header->magic != MAGIC)
        return false;
    s_name (&header->identity, own);
    return !strcmp (own, name) && (uint64_t) data.st_size == header->identity.size;
}

static void s_load_sums (cache_t *self, int fd, const header_t *header)
{
    cache_file_t *file = cache_file_new (self, &header->identity);
    struct stat facts;
    uint64_t sum [512];
    ssize_t n;
    file->turn = header->turn;
    file->used_ns = fstat (fd, &facts) ? 0 : file_time_ns (facts.st_mtim);
    for (uint64_t b = 0; b < file->blocks; b += (uint64_t) n / sizeof *sum) {
        n = pread (fd, sum, sizeof sum, (off_t) (sizeof *header + b * sizeof *sum));
        if (n < (ssize_t) sizeof *sum)
            break;                                      // the rest is not there
        for (uint64_t i = 0; i < (uint64_t) n / sizeof *sum && b + i < file->blocks; i++) {
            file->block [b + i].sum = sum [i];
            file->present += sum [i] != 0;
        }
    }
    self->held += file->present;
    if (self->turn < file->turn)
        self->turn = file->turn;
}

static void s_load_file (cache_t *self, const char *name)
{
    char *sums = s_path (self, name, "sums"), *data = s_path (self, name, "data");
    int fd = open (sums, O_RDONLY | O_CLOEXEC);
    header_t header;
    if (fd >= 0 && s_is_sound (self, name, fd, &header)) {
        if (!cache_file_find (self, &header.identity))
            s_load_sums (self, fd, &header);
    }
    else {
        unlink (sums);
        unlink (data);
    }
    if (fd >= 0)
        close (fd);
    free (sums);
    free (data);
}

static int s_by_use (const void *a, const void *b)
{
    const cache_file_t *first = *(cache_file_t *const *) a, *second = *(cache_file_t *const *) b;
    if (first->turn != second->turn)
        return first->turn > second->turn ? 1 : -1;
    return (first->used_ns > second->used_ns) - (first->used_ns < second->used_ns);
}

static void s_order (cache_t *self)
{
    if (self->files)
        qsort (self->file, self->files, sizeof *self->file, s_by_use);
    for (uint32_t f = 0; f < self->files; f++) {
        self->file [f]->at = f;
        for (uint64_t b = 0; b < self->file [f]->blocks; b++)
            self->file [f]->block [b].stamp = ++self->stamp;
    }
}

void cache_load (cache_t *self)
{
    DIR *folder = opendir (self->folder);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir (folder)); ) {
        char name [CACHE_NAME] = "";
        if (strlen (entry->d_name) != CACHE_NAME - 1 + 5)
            continue;
        const char *kind = entry->d_name + CACHE_NAME - 1;
        memcpy (name, entry->d_name, CACHE_NAME - 1);
        char *sums = s_path (self, name, "sums");
        if (!strcmp (kind, ".sums") || (!strcmp (kind, ".data") && access (sums, F_OK)))
            s_load_file (self, name);
        free (sums);
    }
    closedir (folder);
    s_order (self);
}
