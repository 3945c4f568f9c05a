// cache: see cache.h.
//
//     FOLDER/chunks-0/lock                  held (flock) by the worker that uses it
//                     HASH.data             sparse: block n lies at n MiB
//                     HASH.sums             identity, then XXH3 of each block, 0: not there
//
// Nothing is ever synced: a sum that reached the disk without its data, or the reverse, is a block whose checksum differs, and that is
// a block that is not there. So a crash costs blocks and never a wrong byte, and no journal is needed.
//
// The victim is the block that was used longest ago, of whatever file. There is no list in that order: when room is needed the candidates are
// gathered and sorted, and a 64th of the limit beyond the need is freed at once, so that a sort of some thousand stamps is paid once in
// a hundred blocks. Of an earlier life only the order of files is known, by the time of their sidecars.
//
// A file system without holes could free nothing: it is refused at the start.
#define _GNU_SOURCE
#include "worker/cache.h"
#include "base/file.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FOLDERS = 64, SPARE = 64, NAME = 33 };
static const uint64_t MAGIC = 0x3173756d73636172;       // "racsums1"

typedef struct { uint64_t magic; cache_identity_t identity; } header_t;
typedef struct { uint64_t sum; uint32_t stamp; uint16_t pins; bool checked; } block_t;     // sum 0: not there

struct cache_file {
    char name [NAME];
    char *path;                                         // of the data
    cache_identity_t identity;
    uint64_t blocks, present;
    block_t *block;
    uint32_t users;
    int data, sums;                                     // -1: closed
    int64_t used_ns;                                    // when loaded: time of the sidecar
};

struct cache {
    char *folder;
    int lock;
    uint64_t limit;                                     // blocks
    uint64_t held;                                      // blocks
    uint32_t stamp;                                     // counts uses
    cache_file_t **file;
    uint32_t files;
};

// ---- a file and its sidecar

static char *s_path (const cache_t *self, const char *name, const char *kind)
{
    char text [NAME + 8];
    snprintf (text, sizeof text, "%s.%s", name, kind);
    return file_join (self->folder, text);
}

static void s_name (const cache_identity_t *identity, char name [NAME])
{
    XXH128_hash_t hash = XXH3_128bits (identity, sizeof *identity);
    snprintf (name, NAME, "%016llx%016llx", (unsigned long long) hash.high64, (unsigned long long) hash.low64);
}

static uint64_t s_checksum (const void *bytes, size_t size)
{
    uint64_t sum = XXH3_64bits (bytes, size);
    return sum ? sum : 1;
}

uint64_t cache_block_size (const cache_file_t *file, uint64_t block)
{
    uint64_t left = file->identity.size - block * CACHE_BLOCK;
    return left < CACHE_BLOCK ? left : CACHE_BLOCK;
}

static cache_file_t *s_file_new (cache_t *self, const cache_identity_t *identity)
{
    cache_file_t *file = memory_new (sizeof *file);
    *file = (cache_file_t) { .identity = *identity, .data = -1, .sums = -1, .blocks = (identity->size + CACHE_BLOCK - 1) / CACHE_BLOCK };
    s_name (identity, file->name);
    file->path = s_path (self, file->name, "data");
    file->block = memory_new ((file->blocks + 1) * sizeof *file->block);
    self->file = memory_grow (self->file, (self->files + 1) * sizeof *self->file);
    self->file [self->files++] = file;
    return file;
}

static void s_file_close (cache_file_t *file)
{
    if (file->data >= 0)
        close (file->data);
    if (file->sums >= 0)
        close (file->sums);
    file->data = file->sums = -1;
}

static void s_file_free (cache_file_t *file)
{
    s_file_close (file);
    free (file->path);
    free (file->block);
    free (file);
}

// It holds nothing and nobody uses it.
static void s_file_remove (cache_t *self, cache_file_t *file)
{
    char *sums = s_path (self, file->name, "sums");
    unlink (sums);
    unlink (file->path);
    free (sums);
    for (uint32_t i = 0; i < self->files; i++)
        if (self->file [i] == file)
            self->file [i] = self->file [--self->files];
    s_file_free (file);
}

static status_t s_file_open (cache_t *self, cache_file_t *file, error_t *error)
{
    if (file->data >= 0)
        return OK;
    char *sums = s_path (self, file->name, "sums");
    header_t header = { MAGIC, file->identity };
    file->sums = open (sums, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    file->data = file->sums < 0 ? -1 : open (file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    status_t rc = OK;
    if (file->data < 0 || ftruncate (file->data, (off_t) file->identity.size) || pwrite (file->sums, &header, sizeof header, 0) != sizeof header)
        rc = error_errno (error, "%s: cannot be kept", file->path);
    free (sums);
    if (rc)
        s_file_close (file);
    return rc;
}

// The sum first: a block whose data are gone must not look whole.
static void s_drop (cache_t *self, cache_file_t *file, uint64_t block)
{
    error_t error = { 0 };
    const uint64_t none = 0;
    bool open_before = file->data >= 0;
    if (!s_file_open (self, file, &error)) {
        if (pwrite (file->sums, &none, sizeof none, (off_t) (sizeof (header_t) + block * sizeof none)) != sizeof none) { }  // then its checksum will differ
        if (fallocate (file->data, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t) (block * CACHE_BLOCK), CACHE_BLOCK)) { }
    }
    file->block [block].sum = 0;
    file->block [block].checked = false;
    file->present--;
    self->held--;
    if (!open_before)
        s_file_close (file);
}

// ---- eviction

typedef struct { cache_file_t *file; uint64_t block; uint32_t stamp; } victim_t;

static int s_by_stamp (const void *a, const void *b)
{
    uint32_t first = ((const victim_t *) a)->stamp, second = ((const victim_t *) b)->stamp;
    return (first > second) - (first < second);
}

static void s_evict (cache_t *self, uint64_t wanted)
{
    victim_t *victim = memory_new ((self->held + 1) * sizeof *victim);
    uint64_t victims = 0;
    for (uint32_t f = 0; f < self->files; f++)
        for (uint64_t b = 0; self->file [f]->present && b < self->file [f]->blocks; b++) {
            const block_t *block = &self->file [f]->block [b];
            if (block->sum && !block->pins)
                victim [victims++] = (victim_t) { self->file [f], b, block->stamp };
        }
    if (victims)
        qsort (victim, victims, sizeof *victim, s_by_stamp);
    for (uint64_t i = 0; i < victims && i < wanted; i++)
        s_drop (self, victim [i].file, victim [i].block);
    free (victim);
    for (uint32_t f = self->files; f-- > 0; )
        if (!self->file [f]->present && !self->file [f]->users)
            s_file_remove (self, self->file [f]);
}

// ---- beginning and end

// Holes are what eviction rests on.
static status_t s_try_holes (const cache_t *self, error_t *error)
{
    char *path = file_join (self->folder, "holes");
    int fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    status_t rc = OK;
    if (fd < 0 || ftruncate (fd, CACHE_BLOCK))
        rc = error_errno (error, "%s: cannot write", path);
    else if (fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, CACHE_BLOCK))
        rc = error_errno (error, "%s: its file system has no holes; name another folder for the chunk cache", self->folder);
    if (fd >= 0)
        close (fd);
    unlink (path);
    free (path);
    return rc;
}

static status_t s_take_folder (cache_t *self, const char *folder, error_t *error)
{
    for (int i = 0; i < FOLDERS; i++) {
        char name [32];
        snprintf (name, sizeof name, "chunks-%d", i);
        free (self->folder);
        self->folder = file_join (folder, name);
        TRY (file_make_folders (self->folder, 0700, error));
        char *lock = file_join (self->folder, "lock");
        self->lock = open (lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        bool opened = self->lock >= 0, taken = opened && !flock (self->lock, LOCK_EX | LOCK_NB);
        free (lock);
        if (taken)
            return OK;
        if (!opened)
            return error_errno (error, "%s: cannot be used as chunk cache", self->folder);
        close (self->lock);
        self->lock = -1;
    }
    return error_set (error, "%s: %d workers use this chunk cache already; name another folder", folder, FOLDERS);
}

// The sidecar is whole and of this name, and its data are there.
static bool s_is_sound (const cache_t *self, const char *name, int fd, header_t *header)
{
    char own [NAME];
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
    cache_file_t *file = s_file_new (self, &header->identity);
    struct stat facts;
    uint64_t sum [512];
    ssize_t n;
    file->used_ns = fstat (fd, &facts) ? 0 : (int64_t) facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
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
}

static void s_load_file (cache_t *self, const char *name)
{
    char *sums = s_path (self, name, "sums"), *data = s_path (self, name, "data");
    int fd = open (sums, O_RDONLY | O_CLOEXEC);
    header_t header;
    if (fd >= 0 && s_is_sound (self, name, fd, &header))
        s_load_sums (self, fd, &header);
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
    int64_t first = (*(cache_file_t *const *) a)->used_ns, second = (*(cache_file_t *const *) b)->used_ns;
    return (first > second) - (first < second);
}

static void s_load (cache_t *self)
{
    DIR *folder = opendir (self->folder);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir (folder)); ) {
        char name [NAME];
        size_t size = strlen (entry->d_name);
        if (size != NAME - 1 + 5 || (strcmp (entry->d_name + size - 5, ".sums") && strcmp (entry->d_name + size - 5, ".data")))
            continue;
        memcpy (name, entry->d_name, NAME - 1);
        name [NAME - 1] = '\0';
        bool known = false;
        for (uint32_t i = 0; i < self->files && !known; i++)
            known = !strcmp (self->file [i]->name, name);
        if (!known)
            s_load_file (self, name);
    }
    closedir (folder);
    if (self->files)
        qsort (self->file, self->files, sizeof *self->file, s_by_use);
    for (uint32_t f = 0; f < self->files; f++, self->stamp++)
        for (uint64_t b = 0; b < self->file [f]->blocks; b++)
            self->file [f]->block [b].stamp = self->stamp;
}

cache_t *cache_new (const char *folder, uint64_t limit, error_t *error)
{
    cache_t *self = memory_new (sizeof *self);
    *self = (cache_t) { .lock = -1, .limit = limit < CACHE_BLOCK ? 1 : limit / CACHE_BLOCK };
    if (s_take_folder (self, folder, error) || s_try_holes (self, error)) {
        cache_destroy (&self);
        return NULL;
    }
    s_load (self);
    if (self->held > self->limit)
        s_evict (self, self->held - self->limit);
    return self;
}

void cache_destroy (cache_t **self_p)
{
    cache_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t f = 0; f < self->files; f++)
        s_file_free (self->file [f]);
    if (self->lock >= 0)
        close (self->lock);
    free (self->file);
    free (self->folder);
    free (self);
    *self_p = NULL;
}

uint64_t cache_held (const cache_t *self)
{
    return self->held * CACHE_BLOCK;
}

uint64_t cache_limit (const cache_t *self)
{
    return self->limit * CACHE_BLOCK;
}

// ---- files and blocks in use

cache_file_t *cache_open (cache_t *self, const cache_identity_t *identity, error_t *error)
{
    cache_file_t *file = NULL;
    for (uint32_t f = 0; f < self->files && !file; f++)
        if (!memcmp (&self->file [f]->identity, identity, sizeof *identity))
            file = self->file [f];
    if (!file)
        file = s_file_new (self, identity);
    if (s_file_open (self, file, error)) {
        if (!file->users && !file->present)
            s_file_remove (self, file);
        return NULL;
    }
    file->users++;
    futimens (file->sums, NULL);
    return file;
}

void cache_close (cache_t *self, cache_file_t **file_p)
{
    cache_file_t *file = *file_p;
    *file_p = NULL;
    if (!file || --file->users)
        return;
    s_file_close (file);
    if (!file->present)
        s_file_remove (self, file);
}

const char *cache_path (const cache_file_t *file)
{
    return file->path;
}

static bool s_is_whole (const cache_file_t *file, uint64_t block)
{
    size_t size = (size_t) cache_block_size (file, block);
    char *bytes = memory_new (size + 1);
    bool whole = !file_read_at (file->data, bytes, size, block * CACHE_BLOCK, file->path, NULL)
        && s_checksum (bytes, size) == file->block [block].sum;
    free (bytes);
    return whole;
}

bool cache_has (cache_t *self, cache_file_t *file, uint64_t block)
{
    assert (file->users && block < file->blocks);
    block_t *at = &file->block [block];
    if (!at->sum)
        return false;
    if (!at->checked && !s_is_whole (file, block)) {
        s_drop (self, file, block);
        return false;
    }
    at->checked = true;
    at->stamp = ++self->stamp;
    return true;
}

static status_t s_write (cache_file_t *file, uint64_t block, const char *bytes, uint64_t sum)
{
    size_t size = (size_t) cache_block_size (file, block);
    for (size_t at = 0; at < size; ) {
        ssize_t n = pwrite (file->data, bytes + at, size - at, (off_t) (block * CACHE_BLOCK + at));
        if (n < 0 && errno != EINTR)
            return FAILED;
        at += n > 0 ? (size_t) n : 0;
    }
    return pwrite (file->sums, &sum, sizeof sum, (off_t) (sizeof (header_t) + block * sizeof sum)) == sizeof sum ? OK : FAILED;
}

// The disk holds less than was allowed: from now on the cache is as large as the disk can have it.
static void s_shrink (cache_t *self)
{
    uint64_t less = self->held / 8 + 1;
    self->limit = self->held > less ? self->held - less : 1;
    s_evict (self, less);
}

status_t cache_put (cache_t *self, cache_file_t *file, uint64_t block, const void *bytes, error_t *error)
{
    assert (file->users && block < file->blocks);
    block_t *at = &file->block [block];
    if (at->sum)
        return OK;
    uint64_t sum = s_checksum (bytes, (size_t) cache_block_size (file, block));
    if (self->held >= self->limit)
        s_evict (self, self->held - self->limit + 1 + self->limit / SPARE);
    status_t rc = s_write (file, block, bytes, sum);
    if (rc && (errno == ENOSPC || errno == EDQUOT)) {
        s_shrink (self);
        rc = s_write (file, block, bytes, sum);
    }
    if (rc)
        return error_errno (error, "%s: cannot keep what came over the network", file->path);
    *at = (block_t) { .sum = sum, .stamp = ++self->stamp, .pins = at->pins, .checked = true };
    file->present++;
    self->held++;
    return OK;
}

void cache_pin (cache_file_t *file, uint64_t block)
{
    file->block [block].pins++;
}

void cache_unpin (cache_file_t *file, uint64_t block)
{
    assert (file->block [block].pins);
    file->block [block].pins--;
}
