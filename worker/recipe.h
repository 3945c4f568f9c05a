// recipe: the command that compiles a job's source, and the name its result has in the cache.
//
// Plain data of its plugin. Two names, as in ccache's direct mode: `first` is of all that is known before compiling (command, compiler
// file, CPU, the source's path and bytes); under it the cache keeps the list of headers that the compiler saw. `recipe_name` adds these
// headers' bytes: a changed header is another result, and nobody has to run a preprocessor to know it.
#pragma once
#include "base/error.h"

enum { RECIPE_NAME = 33 };                              // 32 hexadecimal digits

typedef struct {
    char **word;                                        // the command without its outputs and source
    size_t words;
    char *compiler;                                     // path of the compiler's program
    char *source;                                       // absolute
    char first [RECIPE_NAME];
} recipe_t;

CHECKED status_t recipe_make (const char *source, const char *api, recipe_t *into, error_t *error);
void recipe_free (recipe_t *self);
CHECKED status_t recipe_again (recipe_t *self, error_t *error);     // computes `first` anew: has the source changed meanwhile?
// headers: a file as the compiler's -MMD writes it. FAILED: that file or one of the headers cannot be read.
CHECKED status_t recipe_name (const recipe_t *self, const char *headers, char name [RECIPE_NAME]);
bool recipe_has_compiler (void);                        // for C, on this machine
// Machines of one name run each other's compiled jobs: the same CPU, as far as /proc/cpuinfo tells, and ABI.
void recipe_machine (char name [RECIPE_NAME]);
