// memory: allocation that cannot fail quietly, a growing byte buffer, and an arena for a task's scratch.
//
// Out of memory is fatal to the process (an executor costs an attempt; a master is restarted): no caller can do better, and
// none needs to check. Nothing here is shared between threads.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memory_new (size_t bytes);                        // zeroed; never NULL; free () it
void *memory_grow (void *at, size_t bytes);             // realloc; never NULL
char *memory_text (const char *text);                   // strdup; NULL gives NULL

// The order of byte strings: by unsigned bytes; what another begins with comes before it. Data of size 0 may be NULL.
static inline int memory_compare (const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size;
    int order = least ? memcmp (a, b, least) : 0;
    return order ? order : (a_size > b_size) - (a_size < b_size);
}

// A growing run of bytes. { 0 } is empty; buffer_free makes it so again.
typedef struct {
    char *data;                                         // room bytes, readable 64 bytes past room
    size_t size, room;
} buffer_t;

void buffer_reserve (buffer_t *self, size_t more);      // then data [size .. size + more) may be written
void buffer_add (buffer_t *self, const void *bytes, size_t size);
void buffer_print (buffer_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void buffer_free (buffer_t *self);

// Many allocations, freed together. Blocks do not move. Each is 64-byte aligned if 64 bytes or more, else 8.
typedef struct arena arena_t;

arena_t *arena_new (size_t block_bytes);
void arena_destroy (arena_t **self_p);
void *arena_take (arena_t *self, size_t bytes);         // not zeroed, readable 64 bytes past its end
void arena_reset (arena_t *self);                       // all is free again; keeps one block
size_t arena_bytes (const arena_t *self);               // held from the system
