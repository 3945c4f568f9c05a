// engine: runs a job's tasks inside an executor: declare, map, seal, reduce.
//
// One engine a loaded job and executor; no thread but the executor's own. It knows nothing of sockets: the executor hands it decoded
// messages and sends what it fills in. A plugin may crash in any of these calls; nothing is committed by them but a whole file under
// an attempt's own name.
#pragma once
#include "store/input.h"
#include "wire/message.h"

// Where the executor is, in a page shared with the worker, so that a crash can be told with file and offset and progress be
// shown without a message. Written by the executor, read by the worker at any time: words only, each valid by itself.
typedef struct {
    volatile uint64_t offset;                           // byte offset (or row number) of the batch in hand
    volatile uint64_t bytes, rows;                      // done in the attempt under way
    volatile uint64_t blocks;                           // written to segments: while runs are written or merged nothing else moves
    volatile uint64_t busy_since_us;                    // clock_us when the attempt began; 0: idle
} position_t;

typedef struct engine engine_t;

engine_t *engine_new (const message_load_t *load, position_t *position, error_t *error);   // dlopens and declares; NULL: failed
void engine_destroy (engine_t **self_p);
void engine_guard (engine_t *self, const input_guard_t *guard);                            // borrowed: of the inputs that MAP calls guarded
void engine_sides (engine_t *self, const message_sides_t *sides);                          // borrowed: where side files lie, if they do not lie where the job says
void engine_describe (const engine_t *self, message_declared_t *into);                     // borrowed from the engine
// Each fills `done` or `sealed` (what it points to is the engine's until the next call).
CHECKED status_t engine_map (engine_t *self, const message_map_t *map, message_done_t *done, error_t *error);
CHECKED status_t engine_seal (engine_t *self, const message_seal_t *seal, message_sealed_t *sealed, error_t *error);
CHECKED status_t engine_reduce (engine_t *self, const message_reduce_t *reduce, message_done_t *done, error_t *error);
