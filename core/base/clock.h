// clock: monotonic time. A Pi has no clock that survives power off and steps when NTP answers, so nothing is decided by wall time.
#pragma once
#include <stdint.h>

int64_t clock_us (void);                                // microseconds since some fixed moment
