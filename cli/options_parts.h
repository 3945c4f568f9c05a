// options_parts: what the files of options share; nobody else includes it.
//
//     options.c         words and their values
//     options_place.c   where the job runs and what its names mean there
#pragma once
#include "cli/options.h"

#define USAGE(...) error_set_kind (error, ERROR_USAGE, __VA_ARGS__)

char *options_keep (run_options_t *self, char *text);              // takes it until options_free

CHECKED status_t options_sign (run_options_t *self, error_t *error);               // who asks, from which folder
CHECKED status_t options_place (run_options_t *self, error_t *error);              // the output; behind options_sign
CHECKED status_t options_check_place (const run_options_t *self, error_t *error);  // nothing that the other place has
