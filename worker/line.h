// line: what a worker and one executor share: the channel, the pipe for what its job prints, the page with its position.
//
// Plain data of its slot; all closed ({ -1, -1, -1 }) or all open, but for what the other end has closed since.
#pragma once
#include "worker/engine.h"
#include <sys/types.h>

typedef struct {
    int channel, output, statm;                         // -1: closed; statm: of the executor's memory, once its pid is known
    position_t *position;                               // NULL: no page
} line_t;

typedef struct { int channel, page, output; } line_far_t;           // the executor's ends

// FAILED: errno tells why; all is closed.
CHECKED status_t line_open (line_t *self, line_far_t *far);
void line_close (line_t *self);
void line_close_far (line_far_t *far);
void line_close_fd (int *fd);                           // and makes it -1
void line_meet (line_t *self, pid_t executor);
uint64_t line_resident (const line_t *self);            // bytes of memory that are the executor's own; 0: unknown
