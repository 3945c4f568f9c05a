// output_parts: what the files of output share; nobody else includes it.
//
//     output.c          the final name, the hidden folder, their end
//     output_commit.c   the parts moved or joined, and the rename
#pragma once
#include "master/output.h"

#define OUTPUT_ASIDE "-old"                             // behind the hidden name: an older result while it is replaced

struct output {
    char *target, *parent, *hidden, *attempts;
    bool file, overwrite, sync, csv, header;
};

CHECKED status_t output_errno (error_t *error, const char *path, const char *what);        // ERROR_OUTPUT, with errno's text
// May the final name be taken? An older result may be replaced, but never a folder that is something else: it may be somebody's home.
CHECKED status_t output_check_target (const output_t *self, error_t *error);
bool output_empty_folder (const char *path);
bool output_plain (const char *name);                   // names come from executors: only a plain one may be used in a path
