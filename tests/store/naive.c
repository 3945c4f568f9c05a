// naive: see naive.h. It shares nothing with the reader.
#include "tests/store/naive.h"

#include <string.h>

static size_t s_end (const way_t *way, const char *text, size_t size, size_t from, bool *open)
{
    bool inside = false;
    size_t at = from;
    for (; at < size; at++) {
        if (text [at] == '"' && way->format == RAC_CSV && way->multiline)
            inside = !inside;
        if (text [at] == '\n' && !inside)
            break;
    }
    *open = inside;
    return at;
}

// One field's value behind "|"; false: it is not sound.
static bool s_value (const way_t *way, const char *text, size_t size, buffer_t *row)
{
    bool enclosed = way->format == RAC_CSV && size && text [0] == '"';
    buffer_add (row, "|", 1);
    for (size_t at = enclosed; at < size; at++) {
        if (way->format == RAC_CSV && text [at] == '"') {
            if (!enclosed)
                return false;
            if (at + 1 == size)
                return true;
            if (text [++at] != '"')
                return false;
        }
        buffer_add (row, text + at, 1);
    }
    return !enclosed;
}

static bool s_row (const way_t *way, const char *text, size_t size, buffer_t *row)
{
    uint32_t fields = 0;
    bool inside = false, sound = true;
    for (size_t at = 0, begin = 0; at <= size; at++) {
        if (at < size && text [at] == '"' && way->format == RAC_CSV)
            inside = !inside;
        if (at < size && (inside || text [at] != way->delimiter))
            continue;
        sound = s_value (way, text + begin, at - begin, row) && sound;
        fields++;
        begin = at + 1;
    }
    return sound && fields == way->fields;
}

static void s_record (const way_t *way, const char *text, size_t size, size_t offset, result_t *into)
{
    size_t before = into->rows.size;
    bool good = true;
    if (way->format != RAC_LINES && way->fields > 1 && !size)
        return;
    buffer_print (&into->rows, "%zu", offset);
    if (way->format == RAC_LINES) {
        buffer_add (&into->rows, "|", 1);
        buffer_add (&into->rows, text, size);
    } else
        good = s_row (way, text, size, &into->rows);
    buffer_add (&into->rows, "\n", 1);
    if (good)
        return;
    into->rows.size = before;
    buffer_print (&into->rejects, "%zu|", offset);
    buffer_add (&into->rejects, text, size);
    buffer_add (&into->rejects, "\n", 1);
}

result_t naive_read (const way_t *way, const char *text, size_t size)
{
    result_t into = { 0 };
    size_t at = size >= 3 && !memcmp (text, "\xef\xbb\xbf", 3) ? 3 : 0;
    for (bool header = way->header, open; at < size; ) {
        size_t end = s_end (way, text, size, at, &open), quotes = 0, next = end + 1;
        for (size_t i = at; i < end; i++)
            quotes += text [i] == '"';
        if (open || (way->format == RAC_CSV && !way->multiline && quotes % 2))
            into.failed = true;
        if (end < size && end > at && text [end - 1] == '\r')
            end--;
        if (!header)
            s_record (way, text + at, end - at, at, &into);
        header = header && end == at;                   // empty lines before it
        at = next;
    }
    return into;
}
