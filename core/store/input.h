// input: what the user named, as a sorted list of files, and these cut into splits. Reads no data but a header line.
#pragma once
#include "base/error.h"
#include "base/memory.h"
#include <racimo.h>
#include <stdint.h>

// How a file is read that lies elsewhere: at a path of this node's, no further than it has been brought there.
typedef struct {
    const char *path;
    // Waits until the byte at `offset` is there. *upto, more than offset: how far may be read without asking again.
    status_t (*ask) (void *context, uint64_t offset, uint64_t *upto, error_t *error);
    void *context;
} input_guard_t;

typedef struct {
    char *path;                                         // absolute
    uint64_t size, inode, device;
    int64_t mtime_ns, ctime_ns;
    bool packed;                                        // gzip (by its first bytes, not by its name): one split
    const input_guard_t *guard;                         // NULL: the file is read where it is; else inode is that of the guard's path
} input_file_t;

typedef struct { input_file_t *file; uint32_t files; } input_list_t;

enum { INPUT_NAMES = 128 << 20 };                       // most bytes of a file of names, each ended by a NUL: some million

// Each name is a file (taken as it stands if it is there, whatever characters it has), a folder (its regular files, by name, not those
// that begin with . or _; subfolders are walked; a loop of links is an error) or a pattern with * ? [ (an error if nothing matches).
// Files come in the order of the names, within a folder or pattern by name (bytes). A FIFO, socket or device, an unreadable file, a
// name that is not there, a file packed with anything but gzip: an error with the path.
CHECKED status_t input_list (const char *const *names, uint32_t count, input_list_t *into, error_t *error);

// The same within a fence: every file, and every folder that is walked, is asked about when it is open, whatever its path has meant before.
// What the fence does not hold is an error: its path and `refusal`.
typedef struct { bool (*holds) (const void *context, int fd); const void *context; const char *refusal; } input_fence_t;
CHECKED status_t input_list_within (const char *const *names, uint32_t count, const input_fence_t *fence, input_list_t *into, error_t *error);
// One name more, for lists too long to hold all names at once. fence: nullable. FAILED: what was there before still is, and perhaps more.
CHECKED status_t input_list_add (const char *name, const input_fence_t *fence, input_list_t *into, error_t *error);
void input_list_free (input_list_t *self);

// A contiguous byte range of a file. A record belongs to the split in which its first byte lies.
typedef struct {
    uint32_t file;                                      // index in the list
    uint64_t offset, length;                            // of a packed file: 0 and its size
} input_split_t;

// Cuts every file into ranges of `chunk` bytes (the last one shorter); *splits is malloced. An empty file has none. chunk is
// not 0; it is doubled until there are at most 16 million splits.
uint32_t input_split (const input_list_t *self, uint64_t chunk, input_split_t **splits);

// Where the first line with a character begins, behind a byte order mark and empty lines; size: there is none yet.
size_t input_first_character (const char *data, size_t size);
// The first line of a file that has a character, unpacked if packed, without its line end and without a BOM, at most 1 MiB: the header
// line. Empty: there is none.
CHECKED status_t input_first_line (const input_file_t *file, buffer_t *line, error_t *error);

// What tells, with size and time, whether two machines see the same file at a path: XXH3 of its first and of its last 64 KiB. path: for the error.
CHECKED status_t input_fingerprint (int fd, const char *path, uint64_t size, uint64_t *head, uint64_t *tail, error_t *error);
