// health: see health.h. A Pi 4 lowers its clock from 80 degrees on and says so in a word of its firmware (bits 0 to 3 now, 16 to 19 since boot), the
// same that `vcgencmd get_throttled` prints. Other machines have zones and no such word.
#include "worker/health.h"
#include "base/clock.h"
#include "base/file.h"
#include <stdio.h>

enum { EVERY_US = 5000000, ZONES = 16 };

static uint64_t s_number (const char *path, int base)
{
    buffer_t text = { 0 };
    uint64_t number = 0;
    if (!file_load (path, 64, &text, NULL) && text.size) {
        buffer_add (&text, "", 1);
        number = strtoull (text.data, NULL, base);
    }
    buffer_free (&text);
    return number;
}

static const char *s_path (const char *variable, const char *usual)
{
    const char *path = getenv (variable);
    return path ? path : usual;
}

void health_read (health_t *self)
{
    int64_t now = clock_us ();
    if (self->read_us && now - self->read_us < EVERY_US)
        return;
    self->read_us = now;
    self->millicelsius = 0;
    for (int zone = 0; zone < ZONES; zone++) {
        char path [512];
        snprintf (path, sizeof path, "%s/thermal_zone%d/temp", s_path ("RACIMO_THERMAL", "/sys/class/thermal"), zone);
        uint64_t here = s_number (path, 10);
        if (here > self->millicelsius && here < 200000)     // a sensor that is not there reads as nonsense
            self->millicelsius = here;
    }
    self->throttled = s_number (s_path ("RACIMO_THROTTLED", "/sys/devices/platform/soc/soc:firmware/get_throttled"), 16);
}
