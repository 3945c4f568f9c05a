// json: texts as JSON wants them, for the two places that write some: _job.json and racimo describe --json.
#pragma once
#include "base/memory.h"

// Appends the text between quotes. One that is not UTF-8 (paths may be anything) has its bytes beyond ASCII written as those of Latin-1, so
// that the result is JSON whatever the text is.
void json_text (buffer_t *into, const char *text);
