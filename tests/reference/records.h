// records: the records of files, split as doc/semantics.md has it, from memory that stays until the program ends.
#pragma once
#include "value.h"

typedef enum { LINES, CSV, TSV } format_t;

typedef struct {
    format_t format;
    char delimiter;
    bool no_header, multiline;
    size_t max_rejects;
} format_options_t;

typedef struct {
    format_options_t options;
    char **files;
    size_t file_count, file;                            // the one in hand
    const char *at, *end;
    size_t offset_base;
    size_t fields, header_fields;                       // of the record in hand; that a record must have (0: not known yet)
    size_t columns;                                     // of the header of the first file
    value_t *field, *header;
    const char *record; size_t record_size;             // the record in hand
    size_t rejects;
    bool started, in_file;
} records_t;

records_t records_open (const format_options_t *options, char **files, size_t count);
bool records_next (records_t *self);                    // fills field and fields (LINES: one); false: the end
size_t records_column (const records_t *self, const char *name);   // by name or number, from 0; fails if there is none
void records_reject (records_t *self, const char *why); // the record in hand is bad
