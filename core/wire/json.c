// json: see json.h. Written by hand: escaping a text needs no library.
#include "wire/json.h"
#include "wire/scan.h"

void json_text (buffer_t *into, const char *text)
{
    bool plain = scan_utf8 (text, strlen (text));
    buffer_add (into, "\"", 1);
    for (; *text; text++) {
        unsigned char c = (unsigned char) *text;
        if (c == '"' || c == '\\')
            buffer_print (into, "\\%c", c);
        else if (c < 0x20 || c == 0x7f || (c > 0x7f && !plain))
            buffer_print (into, "\\u%04x", c);
        else
            buffer_add (into, text, 1);
    }
    buffer_add (into, "\"", 1);
}
