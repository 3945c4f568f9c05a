// test_pace: the decision over simulated disks: a page cache that takes some bytes at once and gives them to a disk that is slower. No clock is
// read here, so the times are exact and the test is the same on every machine.
#include "help.h"
#include "store/pace.h"

enum { BLOCK = 128 * 1024, MIB = 1 << 20 };

typedef struct {
    double disk, pack, ratio;                           // microseconds a byte of the disk and of packing; what packing leaves of a byte
    double room;                                        // bytes that the page cache takes before it holds a writer back
    double now, dirty;                                  // microseconds since the start; bytes that the disk has not got yet
    double packed, blocks;
} machine_t;

static void s_pass (machine_t *self, double us)
{
    self->now += us;
    self->dirty -= us / self->disk;
    if (self->dirty < 0)
        self->dirty = 0;
}

static void s_write_block (machine_t *self, pace_t *pace)
{
    bool packs = pace_packs (pace);
    double stored = packs ? BLOCK * self->ratio : BLOCK;
    s_pass (self, BLOCK * 0.004);                       // sorting and gathering the rows
    double before = self->now;
    if (packs)
        s_pass (self, BLOCK * self->pack);
    s_pass (self, stored * 0.0005);
    self->dirty += stored;
    if (self->dirty > self->room)
        s_pass (self, (self->dirty - self->room) * self->disk);
    pace_block (pace, BLOCK, (uint64_t) (self->now - before));
    self->packed += packs;
    self->blocks++;
}

// Seconds to write a gigabyte, and on to the disk.
static double s_gigabyte (machine_t machine, pack_t mode, double *packed)
{
    pace_t pace = pace_new (mode);
    for (uint32_t block = 0; block < (1u << 30) / BLOCK; block++)
        s_write_block (&machine, &pace);
    if (packed)
        *packed = machine.packed / machine.blocks;
    return machine.now / 1e6;
}

static void s_is_near_the_better (machine_t machine)
{
    double never = s_gigabyte (machine, PACK_NEVER, NULL), always = s_gigabyte (machine, PACK_ALWAYS, NULL), packed;
    double by_itself = s_gigabyte (machine, PACK_AUTO, &packed), better = never < always ? never : always;
    double trials = (5 * 4 * MIB * (machine.disk + machine.pack) + machine.room * machine.disk) / 1e6;     // and what the cache took before it was slow
    if (by_itself > better * 1.15 + trials)
        ck_abort_msg ("disk %g, packing %g to %g: %.2f s with %.0f %% packed; never %.2f s, always %.2f s", machine.disk, machine.pack, machine.ratio,
                      by_itself, 100 * packed, never, always);
}

START_TEST (near_the_better)
{
    static const double disks [] = { 0.0005, 0.002, 0.008, 0.015, 0.025, 0.05, 0.1 }, packs [] = { 0.006, 0.010, 0.025 }, ratios [] = { 0.2, 0.5, 0.9, 1 };
    for (size_t d = 0; d < COUNT_OF (disks); d++)
        for (size_t p = 0; p < COUNT_OF (packs); p++)
            for (size_t r = 0; r < COUNT_OF (ratios); r++) {
                s_is_near_the_better ((machine_t) { .disk = disks [d], .pack = packs [p], .ratio = ratios [r], .room = 1 });
                s_is_near_the_better ((machine_t) { .disk = disks [d], .pack = packs [p], .ratio = ratios [r], .room = 64 * MIB });
            }
}
END_TEST

START_TEST (fast_disks)
{
    double packed;
    s_gigabyte ((machine_t) { .disk = 0.004, .pack = 0.010, .ratio = 0.3, .room = 1 }, PACK_AUTO, &packed);
    ck_assert_double_eq (packed, 0);
    s_gigabyte ((machine_t) { .disk = 0.1, .pack = 0.010, .ratio = 0.3, .room = 2e9 }, PACK_AUTO, &packed);
    ck_assert_double_eq (packed, 0);
}
END_TEST

START_TEST (slow_disks)
{
    double packed, never, by_itself;
    machine_t card = { .disk = 0.05, .pack = 0.012, .ratio = 0.4, .room = 64 * MIB };
    by_itself = s_gigabyte (card, PACK_AUTO, &packed);
    never = s_gigabyte (card, PACK_NEVER, NULL);
    ck_assert_double_gt (packed, 0.8);
    ck_assert_double_lt (by_itself, never / 1.8);
}
END_TEST

// Something held one write up for 200 ms: no more is packed than that cost.
START_TEST (a_hiccup)
{
    machine_t machine = { .disk = 0.002, .pack = 0.010, .ratio = 0.5, .room = 1e9 };
    pace_t pace = pace_new (PACK_AUTO);
    pace_block (&pace, BLOCK, 200000);
    for (int block = 0; block < 2000; block++)
        s_write_block (&machine, &pace);
    ck_assert_double_le (machine.packed * BLOCK * machine.pack, 200000);
}
END_TEST

// Rows that do not pack, then rows that do: it is noticed.
START_TEST (other_rows)
{
    machine_t machine = { .disk = 0.05, .pack = 0.010, .ratio = 1, .room = 1 };
    pace_t pace = pace_new (PACK_AUTO);
    for (int block = 0; block < 8000; block++)
        s_write_block (&machine, &pace);
    ck_assert_double_lt (machine.packed / machine.blocks, 0.05);
    machine.ratio = 0.4;
    machine.packed = machine.blocks = 0;
    for (int block = 0; block < 8000; block++)
        s_write_block (&machine, &pace);
    ck_assert_double_gt (machine.packed / machine.blocks, 0.6);
}
END_TEST

START_TEST (modes)
{
    ck_assert_int_eq (pace_mode (NULL), PACK_AUTO);
    ck_assert_int_eq (pace_mode ("auto"), PACK_AUTO);
    ck_assert_int_eq (pace_mode ("always"), PACK_ALWAYS);
    ck_assert_int_eq (pace_mode ("never"), PACK_NEVER);
    machine_t machine = { .disk = 1, .pack = 0.001, .ratio = 0.1, .room = 1 };
    double packed;
    s_gigabyte (machine, PACK_NEVER, &packed);
    ck_assert_double_eq (packed, 0);
    machine.disk = 0.0001;
    s_gigabyte (machine, PACK_ALWAYS, &packed);
    ck_assert_double_eq (packed, 1);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { near_the_better, fast_disks, slow_disks, a_hiccup, other_rows, modes };
    return s_run ("pace", tests, COUNT_OF (tests));
}
