// cli: what the commands share: how they are called, how they fail, how a wrong word is led to the right one.
#pragma once
#include "base/error.h"
#include "wire/message.h"

#define RACIMO_RELEASE PACKAGE_VERSION

// Each gets the words behind its name and returns the exit status (master/master.h has the table).
int run_command (int words, char **word);
int describe_command (int words, char **word);
int list_command (int words, char **word);
int new_command (int words, char **word);
int master_command (int words, char **word);
int worker_command (int words, char **word);
int cluster_command (int words, char **word);
int jobs_command (int words, char **word);
int nodes_command (int words, char **word);
int status_command (int words, char **word);
int logs_command (int words, char **word);
int attach_command (int words, char **word);
int cancel_command (int words, char **word);
int up_command (int words, char **word);

extern const char run_help [], describe_help [], list_help [], new_help [], master_help [], worker_help [], cluster_help [],
    jobs_help [], nodes_help [], status_help [], logs_help [], attach_help [], cancel_help [], up_help [];

// Prints "racimo: TEXT" and returns the exit status for the error's kind.
int cli_fail (const error_t *error);

// A new folder for this user only, in $TMPDIR or, if that is not set, /tmp; its path is absolute, and may be long. NULL: failed; else
// the caller removes and frees it.
char *cli_private_folder (error_t *error);
// Is `ulimit -s` enough for our threads and for jobs?
CHECKED status_t cli_check_stack (error_t *error);

// Digits; *end: behind them. FAILED: there are none, or the number is too large.
CHECKED status_t cli_read_number (const char *text, const char **end, uint64_t *number);
bool cli_is_folder_name (const char *name);             // of a result: ends in /, or has no extension

// The candidate that differs from `word` by the fewest letters typed wrong, left out, added or swapped.
typedef struct { const char *word, *prefix, *best; unsigned distance; } nearest_t;      // prefix: shown before it, or NULL
void nearest_try (nearest_t *self, const char *candidate);         // borrowed until nearest_hint
const char *nearest_hint (const nearest_t *self, char room [120]); // ": did you mean BEST?", or "" if nothing is near

// jobs.c, nodes.c: a line of a table, cut to `columns`; what is wrong with a node, ended by a NUL.
void jobs_show_head (size_t columns);
void jobs_show_line (const message_job_info_t *job, size_t columns);
void nodes_note (const message_node_info_t *node, buffer_t *into);
