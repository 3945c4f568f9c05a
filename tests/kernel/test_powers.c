// power_of_ten: each entry computed again by long arithmetic. 5^k is multiplied up; 2^WIDE / 5^k is divided down, which is exact
// because floor (floor (x / 5) / 5) is floor (x / 25).
#include "kernel/powers.h"
#include "sets.h"

enum { WORDS = 32, WIDE = 32 * WORDS - 2 };              // 1022 bits: 5^342 has 795, and 128 must remain of the quotient

typedef struct { uint32_t word [WORDS]; } long_t;       // the lowest word first

static void s_times_5 (long_t *self)
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t) self->word [i] * 5;
        self->word [i] = (uint32_t) carry;
        carry >>= 32;
    }
}

static void s_over_5 (long_t *self)
{
    uint64_t rest = 0;
    for (int i = WORDS; i-- > 0;) {
        rest = rest << 32 | self->word [i];
        self->word [i] = (uint32_t) (rest / 5);
        rest %= 5;
    }
}

static unsigned s_bit (const long_t *self, int bit)
{
    return bit < 0 ? 0 : self->word [bit / 32] >> bit % 32 & 1;
}

static power_t s_leading (const long_t *self)
{
    int top = 32 * WORDS - 1;
    while (!s_bit (self, top))
        top--;
    power_t power = { 0, 0 };
    for (int i = 0; i < 64; i++) {
        power.high = power.high << 1 | s_bit (self, top - i);
        power.low = power.low << 1 | s_bit (self, top - 64 - i);
    }
    return power;
}

static void s_same (const long_t *number, int k)
{
    power_t want = s_leading (number), got = power_of_ten [k - POWER_FIRST];
    expect_msg (got.high == want.high && got.low == want.low, "10^%d", k);
}

START_TEST (table)
{
    long_t up = { { 1 } }, down = { { 0 } };
    down.word [WIDE / 32] = UINT32_C (1) << WIDE % 32;
    s_same (&up, 0);
    for (int k = 1; k <= POWER_LAST; k++) {
        s_times_5 (&up);
        s_same (&up, k);
    }
    for (int k = -1; k >= POWER_FIRST; k--) {
        s_over_5 (&down);
        s_same (&down, k);
    }
}
END_TEST

int main (void)
{
    TCase *tests = main_case (NULL, NULL);
    tcase_add_test (tests, table);
    return main_end ("powers", tests);
}
