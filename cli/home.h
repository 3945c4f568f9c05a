// home: where racimo's own files lie: the jobs that come with it, and racimo.h.
//
// The first of these that has the file: $RACIMO_HOME, the folder of the program itself (a build or source tree), share/ and include/
// beside its bin/, the installed place. So a tree works before it is installed, an installation after it was moved as a whole
// (unpacked from an archive into a home folder, say), and a program that was moved alone as long as its installation is there.
#pragma once
#include "base/error.h"

// The folder that holds racimo.h. NULL: failed. The caller frees it.
char *home_api (error_t *error);

// A job as the user names it: wordcount (one that comes with racimo) or a path to a .c, .cc, .cpp or .cxx file. *name is what to
// call it, *path absolute; the caller frees both.
CHECKED status_t home_job (const char *word, char **name, char **path, error_t *error);

// Calls `each` with the name and path of every job that comes with racimo, in the order of names.
void home_each_job (void (*each) (void *context, const char *name, const char *path), void *context);
