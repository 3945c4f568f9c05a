// executor: one slot's process: receives tasks over its channel and has the engine do them, one at a time.
#pragma once
#include "worker/engine.h"

// The executor ends by itself with these: its channel works no more (a job has closed or reused the descriptor), or it could
// not even start.
enum { EXECUTOR_CHANNEL = 121, EXECUTOR_BROKEN = 122 };

// Serves the channel until it is closed, or until the last of its jobs is forgotten; then _exit (0).
_Noreturn void executor_run (int channel, position_t *position);
