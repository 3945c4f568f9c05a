// body_text: words and find, written once over the primitives that body_scan.h names; include it behind that.
//
// words: a bitmap of the letters of 64 bytes, xor itself shifted by one, has a bit where a word starts and one behind its end:
//
//     text      the cat,      letters  111.111.      edges  1..11..1      positions 0 3 4 7: (0, 3) (4, 3)
//
// so the positions of the edges, taken in pairs, are the words. They are collected for up to 1 KiB of text, because a loop over
// pairs without a question in it is several times as fast as one that stops at each block for a word that goes on.
//
// find: the place is looked for by two bytes of the needle at once, those that are the rarest in ordinary text (as ripgrep
// does, there by Gallant's memchr); only where both agree the needle is compared whole.
#pragma once

enum { WORD_CHUNK = 1024 };

// The edges of data [from .. to), from a multiple of 64 behind the chunk's start; *open: is the byte before from a letter?
static inline size_t s_edges (rac_bytes text, uint32_t from, uint32_t to, uint32_t flags, char *lower, uint64_t *open, uint32_t *at)
{
    size_t count = 0;
    for (uint32_t base = from; base < to; base += 64) {
        uint64_t letters = s_letters (text.data + base, flags);
        if (to - base < 64)
            letters &= s_within (to - base);
        if (lower)
            s_lower (lower + base, text.data + base);
        count += s_positions (at + count, base, letters ^ (letters << 1 | *open));
        *open = letters >> 63;
    }
    return count;
}

static inline void s_words_of (rac_bytes *word, const char *data, const uint32_t *edge, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        word [i] = (rac_bytes) { data + edge [2 * i], edge [2 * i + 1] - edge [2 * i], 0 };
}

// A chunk is about what room asks for, so that a caller with room for few words does not scan the same text many times.
static inline uint32_t s_chunk_end (uint32_t base, uint32_t size, uint32_t room)
{
    uint32_t chunk = room < WORD_CHUNK / 8 ? (room * 8 + 63) / 64 * 64 : WORD_CHUNK;
    return size - base < chunk ? size : base + chunk;
}

static uint32_t s_words (rac_bytes text, uint32_t *from, uint32_t flags, char *lower, rac_bytes *word, uint32_t room)
{
    uint32_t edge [WORD_CHUNK + 80];
    const char *data = lower ? lower : text.data;
    uint32_t found = 0, base = *from;
    uint64_t open = 0;
    size_t pending = 0;                                 // 1: edge [0] is the start of a word that goes on
    while (base < text.size && found < room) {
        uint32_t end = s_chunk_end (base, text.size, room - found);
        size_t edges = pending + s_edges (text, base, end, flags, lower, &open, edge + pending);
        if (end == text.size && edges % 2)
            edge [edges++] = end;
        uint32_t words = (uint32_t) (edges / 2);
        if (words > room - found)
            words = room - found;
        s_words_of (word + found, data, edge, words);
        found += words;
        if (words && found == room) {
            *from = edge [2 * words - 1];
            return found;
        }
        pending = edges % 2;
        if (pending)
            edge [0] = edge [edges - 1];
        base = end;
    }
    if (room)
        *from = text.size;
    return found;
}

// How common a byte is in text and tables: a rough order is enough. What is not named is rare.
static const uint8_t s_common [256] = {
    [' '] = 255, ['e'] = 250, ['t'] = 240, ['a'] = 235, ['o'] = 230, ['i'] = 225, ['n'] = 220, ['s'] = 215, ['r'] = 210,
    ['h'] = 190, ['l'] = 185, ['d'] = 180, ['c'] = 170, ['u'] = 165, ['m'] = 150, ['f'] = 145, ['p'] = 140, ['g'] = 130,
    ['w'] = 120, ['y'] = 115, ['b'] = 110, [','] = 200, ['.'] = 160, ['\n'] = 175, ['0'] = 195, ['1'] = 188, ['2'] = 176,
    ['3'] = 160, ['4'] = 156, ['5'] = 155, ['6'] = 150, ['7'] = 150, ['8'] = 150, ['9'] = 150, ['-'] = 140, ['v'] = 90,
    ['k'] = 80, ['_'] = 125, ['('] = 105, [')'] = 105, ['"'] = 120, ['/'] = 100, [':'] = 100, [';'] = 100, ['='] = 95,
    ['*'] = 90, ['T'] = 70, ['S'] = 70, ['A'] = 70, ['E'] = 70, ['I'] = 70, ['C'] = 65, ['N'] = 60, ['R'] = 60, ['O'] = 60,
    ['L'] = 55, ['D'] = 55, ['M'] = 55, ['P'] = 55, ['B'] = 50, ['F'] = 50, ['H'] = 50, ['\t'] = 90, ['x'] = 50, ['j'] = 30,
    ['q'] = 25, ['z'] = 25, ['\''] = 60, ['>'] = 60, ['<'] = 50, ['G'] = 45, ['U'] = 45, ['W'] = 45,
};

// The two rarest bytes of the needle's first 255; the same one twice if there is only one.
static inline void s_rarest (const char *needle, size_t needle_size, size_t *first, size_t *second)
{
    size_t look = needle_size < 255 ? needle_size : 255;
    *first = 0;
    *second = look - 1;
    for (size_t i = 1; i < look; i++)
        if (s_common [(uint8_t) needle [i]] < s_common [(uint8_t) needle [*first]]) {
            *second = *first;
            *first = i;
        }
        else
        if (s_common [(uint8_t) needle [i]] < s_common [(uint8_t) needle [*second]])
            *second = i;
}

static const char *s_find (const char *text, size_t size, const char *needle, size_t needle_size)
{
    if (needle_size > size)
        return NULL;
    size_t first, second, places = size - needle_size + 1;
    s_rarest (needle, needle_size, &first, &second);
    for (size_t base = 0; base < places; base += 64) {
        uint64_t bits = s_match (text + base + first, needle [first]) & s_match (text + base + second, needle [second]);
        if (!bits)
            continue;
        if (places - base < 64)
            bits &= s_within (places - base);
        for (; bits; bits &= bits - 1) {
            const char *place = text + base + s_lowest (bits);
            if (memcmp (place, needle, needle_size) == 0)
                return place;
        }
    }
    return NULL;
}
