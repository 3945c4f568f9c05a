// pace: whether blocks on their way to a disk are worth packing. It is told what each block took and decides for the next ones.
//
// Plain data of whoever writes, kept from file to file, for the disk and the rows stay the same. No clock of its own.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum { PACK_AUTO = 0, PACK_ALWAYS, PACK_NEVER } pack_t;

typedef struct {
    pack_t mode;
    bool packs;                                         // the window under way is packed
    uint32_t windows, trust, refused;                   // packed windows to come; how many the next time; slow windows left unpacked
    uint64_t raw, us;                                   // of the window: its rows' bytes; what packing and writing them took
    double packed;                                      // microseconds that a byte took in the last packed window; before one: a hope
} pace_t;

pace_t pace_new (pack_t mode);
pack_t pace_mode (const char *word);                    // "always", "never"; anything else, and NULL: auto
bool pace_packs (const pace_t *self);
// A block of so many bytes of rows is written; to pack it, if it was, and to write it took so many microseconds.
void pace_block (pace_t *self, uint64_t raw, uint64_t us);
