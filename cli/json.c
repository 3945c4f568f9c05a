// json: see json.h.
//
// Walks over what it does not want by brackets and quotes. The text is one that a racimo of this release has made and is well formed;
// where it is not, nothing is found.
#include "cli/json.h"

#include <stdlib.h>
#include <string.h>

static const char *s_blanks (const char *at)
{
    return at + strspn (at, " \t\r\n");
}

// Behind the string that begins at `at`.
static const char *s_skip_text (const char *at)
{
    for (at++; *at && *at != '"'; at++)
        if (*at == '\\' && at [1])
            at++;
    return *at ? at + 1 : at;
}

static const char *s_skip_value (const char *at)
{
    int depth = 0;
    while (*at) {
        if (*at == '"')
            at = s_skip_text (at);
        else if (depth == 0 && strchr (",}]", *at))
            return at;
        else {
            depth += *at == '{' || *at == '[';
            depth -= *at == '}' || *at == ']';
            at++;
        }
    }
    return at;
}

// The value called name (size bytes) in the object at `at`.
static const char *s_member (const char *at, const char *name, size_t size)
{
    if (*at != '{')
        return NULL;
    at = s_blanks (at + 1);
    while (*at == '"') {
        const char *end = s_skip_text (at);
        bool found = (size_t) (end - at) == size + 2 && !memcmp (at + 1, name, size);
        at = s_blanks (end);
        if (*at != ':')
            return NULL;
        at = s_blanks (at + 1);
        if (found)
            return at;
        at = s_blanks (s_skip_value (at));
        at = *at == ',' ? s_blanks (at + 1) : at;
    }
    return NULL;
}

const char *json_find (const char *text, const char *path)
{
    const char *at = s_blanks (text);
    while (at && *path) {
        size_t size = strcspn (path, ".");
        at = s_member (at, path, size);
        path += size + (path [size] == '.');
    }
    return at;
}

double json_number (const char *text, const char *path)
{
    const char *at = json_find (text, path);
    return at ? strtod (at, NULL) : 0;
}
