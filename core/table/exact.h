// exact: sums of doubles that are exact, so that no order of rows, slots or nodes can change a bit of them.
//
// A sum's window is a 128-bit integer counting units of 2^-80. Nearly every value of nearly every data set is a whole number of such units
// and small enough, and costs a shift and an add with carry. The rare others (below 2^-28 with digits to match, above 2^45, not finite, or
// a window about to overflow) go to a wide accumulator, made for that sum when first needed: 32-bit digits in 64-bit words over the whole
// range of doubles, after Neal, "Fast exact summation using small and large superaccumulators", 2015.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct exact_wide exact_wide_t;

enum { EXACT_UNIT = -80 };                              // the window counts units of 2^EXACT_UNIT

// True: *units is the value in units of the window, exactly. False: it does not fit. The usual way has one branch: zeros are too frequent to
// be guessed, and signs are a coin toss.
static inline bool exact_fits (double value, __int128 *units)
{
    uint64_t bits;
    memcpy (&bits, &value, 8);
    bool zero = !(bits << 1);
    int exponent = (int) (bits >> 52 & 0x7ff);
    uint64_t mantissa = zero ? 0 : (bits & 0xfffffffffffff) | 1ull << 52;
    int shift = zero ? 0 : exponent - 1075 - EXACT_UNIT;
    if (__builtin_expect ((unsigned) shift > 63, 0)) {
        if (exponent == 0 || shift > 72 || shift < -52 || (shift < 0 && mantissa & ((1ull << -shift) - 1)))
            return false;
        __int128 wide = shift < 0 ? (__int128) (mantissa >> -shift) : (__int128) mantissa << shift;
        *units = bits >> 63 ? -wide : wide;
        return true;
    }
    uint64_t low = mantissa << shift, high = mantissa >> 1 >> (63 - shift);
    __int128 wide = (__int128) ((unsigned __int128) high << 64 | low), sign = -(__int128) (bits >> 63);
    *units = (wide ^ sign) - sign;
    return true;
}

exact_wide_t *exact_wide_new (void);
void exact_wide_free (exact_wide_t *self);
size_t exact_wide_bytes (void);
void exact_wide_add (exact_wide_t *self, double value);                         // any double
void exact_wide_add_units (exact_wide_t *self, __int128 units, int exponent);   // units x 2^exponent, exponent >= -1088
void exact_wide_merge (exact_wide_t *self, const exact_wide_t *other);
double exact_wide_round (exact_wide_t *self);                                   // to nearest even

double exact_round (__int128 units);                                            // of a window alone, to nearest even

// A wide sum as pieces that fit beside windows in a run: piece i counts units of 2^exact_piece_exponent (i); the last one holds what was
// not finite.
enum { EXACT_PIECES = 36 };
static inline int exact_piece_exponent (uint32_t piece) { return -1088 + 64 * (int) piece; }
bool exact_wide_piece (exact_wide_t *self, uint32_t piece, __int128 *units);    // false: it is zero
void exact_wide_add_piece (exact_wide_t *self, uint32_t piece, __int128 units);
