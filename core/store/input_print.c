// input_print: what tells whether two machines see the same file; see input.h. A file of its own, for clients need it who read no input.
#include "store/input.h"
#include "base/file.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

status_t input_fingerprint (int fd, const char *path, uint64_t size, uint64_t *head, uint64_t *tail, error_t *error)
{
    enum { ENDS = 64 * 1024 };
    size_t least = size < ENDS ? (size_t) size : ENDS;
    char *bytes = memory_new (ENDS);
    status_t rc = file_read_at (fd, bytes, least, 0, path, error);
    *head = XXH3_64bits (bytes, least);
    if (!rc)
        rc = file_read_at (fd, bytes, least, size - least, path, error);
    *tail = XXH3_64bits (bytes, least);
    free (bytes);
    return rc == TRUNCATED ? error_set_kind (error, ERROR_DATA, "%s: is shorter than it was", path) : rc;
}
