// ask: what the commands beside `run` share: their words, and a question to a cluster's master with all its answers.
//
// Plain data of one command.
#pragma once
#include "cli/remote.h"

typedef struct {
    char *master;                                       // as typed; NULL: not given
    bool json, all, quiet, help;
    uint64_t job;                                       // 0: not given
} ask_t;

typedef enum { ASK_JOB = 1, ASK_MAY = 2, ASK_ALL = 4, ASK_QUIET = 8 } ask_words_t;   // the number of a job: must, may; --all; --quiet

// Reads the words behind a command; allowed: what it takes beside --master, --json and --help.
CHECKED status_t ask_words (ask_t *self, const char *command, unsigned allowed, int words, char **word, error_t *error);
// Connects, asks, and hands every answer (which stays ours) to `each` until the END.
typedef void ask_each_fn (void *context, const message_t *answer);
CHECKED status_t ask_query (const ask_t *self, uint64_t what, ask_each_fn *each, void *context, error_t *error);

// Prints the error; a wrong call or 6, for a cluster that cannot be reached.
int ask_fail (const error_t *error);

// Columns of the terminal that is standard output, else 80.
size_t ask_columns (void);
// Prints a line without the blanks at its end, cut to `columns`.
void ask_print_line (buffer_t *line, size_t columns);
// 0:42, 12:07, 3 h 05, 4 d 02 h.
void ask_duration (uint64_t seconds, buffer_t *into);
// , "name": value
void ask_json_text (buffer_t *into, const char *name, const char *text);
void ask_json_number (buffer_t *into, const char *name, uint64_t number);
