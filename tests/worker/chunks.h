// chunks: a chunk cache in a folder of its own, and what its blocks hold.
#pragma once
#include "tests/folder.h"
#include "worker/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char s_bytes [CACHE_BLOCK];
static uint64_t s_job = 1;                              // that opens files

static inline cache_t *s_cache (uint64_t blocks)
{
    error_t error = { 0 };
    cache_t *cache = cache_new (s_folder, blocks * CACHE_BLOCK, &error);
    ck_assert_msg (cache != NULL, "%s", error.text);
    return cache;
}

static inline cache_file_t *s_open (cache_t *cache, uint64_t inode, uint64_t size)
{
    error_t error = { 0 };
    cache_file_t *file = cache_open (cache, &(cache_identity_t) { 1, inode, size, 3, 4, 5, 6 }, s_job, &error);
    ck_assert_msg (file != NULL, "%s", error.text);
    return file;
}

// What block `block` of file `inode` holds.
static inline const char *s_content (uint64_t inode, uint64_t block)
{
    for (size_t i = 0; i < sizeof s_bytes; i++)
        s_bytes [i] = (char) (inode * 31 + block * 7 + i * (i >> 8));
    return s_bytes;
}

static inline void s_put (cache_t *cache, cache_file_t *file, uint64_t inode, uint64_t block)
{
    error_t error = { 0 };
    ck_assert_msg (!cache_put (cache, file, block, s_content (inode, block), &error), "%s", error.text);
}

static inline void s_expect (cache_t *cache, cache_file_t *file, uint64_t inode, uint64_t block)
{
    static char seen [CACHE_BLOCK];
    size_t size = (size_t) cache_block_size (file, block);
    ck_assert_msg (cache_has (cache, file, block), "block %d is not there", (int) block);
    int fd = open (cache_path (file), O_RDONLY | O_CLOEXEC);
    ck_assert (fd >= 0);
    ck_assert (!file_read_at (fd, seen, size, block * CACHE_BLOCK, "", NULL));
    close (fd);
    ck_assert (!memcmp (seen, s_content (inode, block), size));
}

// Bytes that the disk gives to the data files.
static inline uint64_t s_disk_bytes (void)
{
    char *inner = file_join (s_folder, "chunks-0");
    uint64_t bytes = 0;
    DIR *folder = opendir (inner);
    ck_assert_ptr_nonnull (folder);
    for (struct dirent *entry; (entry = readdir (folder)); ) {
        struct stat facts;
        char *path = file_join (inner, entry->d_name);
        if (strstr (entry->d_name, ".data") && !stat (path, &facts))
            bytes += (uint64_t) facts.st_blocks * 512;
        free (path);
    }
    closedir (folder);
    free (inner);
    return bytes;
}
