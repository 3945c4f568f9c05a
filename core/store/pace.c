// pace: see pace.h.
//
// Packing costs a core some 10 ns a byte and halves what is written. It pays if writing is slower than that: an SD card takes 25 to 100 ns for
// a byte, an SSD 1 to 3, the page cache less than one. Which of them it is cannot be asked, for writes go to the page cache until the kernel
// has had enough of them and holds the writer back; only then does the disk's speed count, and then the time of the writes tells it.
//
//     plain window --- took longer than a packed one does ---> 1, 4, 16, 64 packed windows ---> plain window
//          ^ `--- did not: half as many the next time
//
// A window is 4 MiB of rows. After packed windows a plain one looks whether the disk is still behind; where it always is, 64 of 65 windows are
// packed. A single hiccup costs one packed window, about as much as the hiccup did: so being wrong is cheap. What a packed window takes, with
// whatever the disk still holds it back, is measured while it is done; where that was no gain it is tried again after REFUSALS slow windows, as
// rows may have become others.
//
// That reducers read less and unpack is left out: the first helps where the disk is slow, and the second is a third of packing.
#include "store/pace.h"

#include <stddef.h>
#include <string.h>

enum { WINDOW = 4 << 20, TRUST = 64, REFUSALS = 64 };

static const double s_hope = 0.007;                     // the first trial is soon made: it is one window

pace_t pace_new (pack_t mode)
{
    return (pace_t) { .mode = mode, .packs = mode == PACK_ALWAYS, .trust = 1, .packed = s_hope };
}

pack_t pace_mode (const char *word)
{
    return !word ? PACK_AUTO : !strcmp (word, "always") ? PACK_ALWAYS : !strcmp (word, "never") ? PACK_NEVER : PACK_AUTO;
}

bool pace_packs (const pace_t *self)
{
    return self->packs;
}

static void s_after_plain (pace_t *self, double took)
{
    if (took > self->packed) {
        self->packs = true;
        self->windows = self->trust;
        self->trust = self->trust < TRUST ? self->trust * 4 : TRUST;
        self->refused = 0;
        return;
    }
    self->trust = self->trust > 1 ? self->trust / 2 : 1;
    if (took > s_hope && ++self->refused == REFUSALS) {
        self->packed = s_hope;
        self->refused = 0;
    }
}

static void s_after_packed (pace_t *self, double took)
{
    self->packed = took;
    self->packs = --self->windows > 0;
}

void pace_block (pace_t *self, uint64_t raw, uint64_t us)
{
    self->raw += raw;
    self->us += us;
    if (self->mode != PACK_AUTO || self->raw < WINDOW)
        return;
    double took = (double) self->us / (double) self->raw;
    if (self->packs)
        s_after_packed (self, took);
    else
        s_after_plain (self, took);
    self->raw = self->us = 0;
}
