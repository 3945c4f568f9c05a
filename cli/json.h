// json: finds one value in a JSON text that racimo has written itself.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// path: names with dots between them, "times.map". Borrowed from `text`: where the value begins; NULL: it is not there.
const char *json_find (const char *text, const char *path);
double json_number (const char *text, const char *path);           // 0 if it is not there
