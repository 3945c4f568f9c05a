// kernel: the loops that everything's speed rests on, once plain and once for each instruction set.
//
// One table of functions a set; kernel_choose picks the best one this CPU runs (RACIMO_KERNEL=plain|avx2|neon overrides, for
// tests). Every variant gives the same results as the plain one at all lengths and alignments; hashes are the exception that
// proves nothing: they may differ between variants and releases, so no output may depend on them.
// Texts (data, size) are readable 64 bytes past their end unless said otherwise. No function allocates, fails or locks.
#pragma once
#include <racimo.h>
#include <stdbool.h>

typedef struct {
    const char *name;

    // Positions of every byte equal to a or b, ascending; returns how many. `at` has room for size + 64 entries.
    size_t (*find_pair) (const char *data, size_t size, char a, char b, uint32_t *at);
    // As find_pair for delimiter and newline, but none inside "quotes" (RFC 4180: a doubled quote toggles twice, so parity
    // is enough). *quoted: in, is the text before data inside quotes; out, is its end. *quotes grows by the quote bytes seen.
    size_t (*find_fields) (const char *data, size_t size, char delimiter, char quote, bool *quoted, uint64_t *quotes, uint32_t *at);
    size_t (*count_byte) (const char *data, size_t size, char byte);

    // 64-bit hashes of byte strings. Reads may pass a string's end but never into a page that the string does not touch.
    void (*hash_bytes) (const rac_bytes *text, uint64_t *hash, uint32_t rows);

    // Text to numbers. An empty text is missing: its bit of valid is cleared, its value is 0; all other bits of valid
    // (ceil (rows / 64) words) are set. A text that is not wholly a number (blanks around it are allowed) has its bit of bad
    // set, value 0; blanks are spaces and tabs, and alone they are bad. Returns how many are missing plus how many are bad, so that 0 means: drop both bitmaps.
    // f64: optional sign, digits with optional point, optional exponent; inf, infinity, nan in any case; correctly rounded.
    uint32_t (*parse_f64) (const rac_bytes *text, uint32_t rows, double *value, uint64_t *valid, uint64_t *bad);
    // i64: optional sign and digits; out of range is bad.
    uint32_t (*parse_i64) (const rac_bytes *text, uint32_t rows, int64_t *value, uint64_t *valid, uint64_t *bad);
    // decimal: value x 10^digits; more digits behind the point than that are bad unless they are zeros.
    uint32_t (*parse_decimal) (const rac_bytes *text, uint32_t rows, uint32_t digits, int64_t *value, uint64_t *valid, uint64_t *bad);
    // time: 2024-01-31, 2024-01-31T10:20:30 (or a blank for T), with optional .fraction (to us) and Z or +hh:mm; else bad.
    uint32_t (*parse_time) (const rac_bytes *text, uint32_t rows, int64_t *value, uint64_t *valid, uint64_t *bad);

    // The next words (maximal runs of letters) of text from *from on, at most room of them; returns how many, sets *from behind
    // the last, or to size when fewer than room were left. flags: RAC_UTF8, RAC_LOWER. If lower is not NULL it has
    // size + 64 bytes and receives the text lower-cased (ASCII only) at the same places; words then point there. RAC_LOWER without
    // it does nothing.
    uint32_t (*words) (rac_bytes text, uint32_t *from, uint32_t flags, char *lower, rac_bytes *word, uint32_t room);
    // First place of needle (1 byte or more) in text, or NULL.
    const char *(*find) (const char *text, size_t size, const char *needle, size_t needle_size);
} kernel_t;

extern const kernel_t *kernel;                          // the plain table until kernel_choose has run
void kernel_choose (void);                              // once, before any thread or fork

extern const kernel_t kernel_plain;
#if defined __x86_64__
extern const kernel_t kernel_avx2;
#elif defined __aarch64__
extern const kernel_t kernel_neon;
#endif
