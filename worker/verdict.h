// verdict: the one line that tells why an attempt's executor is no more, and where in the input it was.
#pragma once
#include "worker/engine.h"

// All are the job's fault, but for a death that nobody here has caused (the system may have run out of memory).
// order: what was under way; status: as of wait; last: the last line the job printed, or "".
void verdict_death (const message_t *order, const position_t *position, int status, const char *last, error_t *error);
void verdict_stuck (const message_t *order, const position_t *position, uint64_t seconds, error_t *error);
void verdict_hung_up (const message_t *order, const position_t *position, error_t *error);
void verdict_memory (const message_t *order, const position_t *position, uint64_t bytes, uint64_t limit, error_t *error);
