// health: how hot this node's processor is, and what its firmware says of its power.
//
// Plain data, read by the worker's loop before a beat, at most every five seconds. Where there is nothing to read, all is 0. Tests name other files:
// RACIMO_THERMAL, RACIMO_HWMON (folders like /sys/class/thermal and /sys/class/hwmon) and RACIMO_THROTTLED.
#pragma once
#include <stdint.h>

typedef struct {
    uint64_t millicelsius;                              // of the hottest zone
    uint64_t throttled;                                 // bits of a Pi's firmware, as in NODE_INFO
    int64_t read_us;                                    // 0: never
} health_t;

void health_read (health_t *self);
