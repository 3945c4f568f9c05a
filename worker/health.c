// health: see health.h. A Pi lowers its clock from 80 degrees on and says so in a word of its firmware (bits 0 to 3 now, 16 to 19 since boot), the
// same that `vcgencmd get_throttled` prints. Where that word is depends on the kernel:
//
//     soc/soc:firmware/get_throttled                              Raspberry Pi OS on a Pi 4, hexadecimal without 0x
//     soc@107c000000/soc@107c000000:firmware/get_throttled        on a Pi 5
//     hwmon*/in0_lcrit_alarm, name "rpi_volt"                     Debian's own kernel, and newer ones: undervoltage alone, of the last seconds
//
// Other machines have zones of temperature and none of these.
#include "worker/health.h"
#include "base/clock.h"
#include "base/file.h"
#include <glob.h>
#include <stdio.h>

enum { EVERY_US = 5000000, SENSORS = 16, UNDERVOLTAGE = 1 << 0 | 1 << 16 };

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

static uint64_t s_hottest (void)
{
    uint64_t hottest = 0;
    for (int zone = 0; zone < SENSORS; zone++) {
        char path [512];
        snprintf (path, sizeof path, "%s/thermal_zone%d/temp", s_path ("RACIMO_THERMAL", "/sys/class/thermal"), zone);
        uint64_t here = s_number (path, 10);
        if (here > hottest && here < 200000)                // a sensor that is not there reads as nonsense
            hottest = here;
    }
    return hottest;
}

// False: this kernel has no such word.
static bool s_firmware (uint64_t *word)
{
    glob_t found;
    bool there = !glob (s_path ("RACIMO_THROTTLED", "/sys/devices/platform/soc*/soc*:firmware/get_throttled"), 0, NULL, &found);
    if (there)
        *word = s_number (found.gl_pathv [0], 16);
    globfree (&found);
    return there;
}

static bool s_is_supply (const char *folder)
{
    static const char NAME [] = "rpi_volt";
    buffer_t name = { 0 };
    char *path = file_join (folder, "name");
    bool is = !file_load (path, 64, &name, NULL) && name.size >= sizeof NAME - 1 && !memcmp (name.data, NAME, sizeof NAME - 1);
    free (path);
    buffer_free (&name);
    return is;
}

static uint64_t s_alarm (void)
{
    for (int sensor = 0; sensor < SENSORS; sensor++) {
        char folder [512];
        snprintf (folder, sizeof folder, "%s/hwmon%d", s_path ("RACIMO_HWMON", "/sys/class/hwmon"), sensor);
        if (!s_is_supply (folder))
            continue;
        char *path = file_join (folder, "in0_lcrit_alarm");
        uint64_t alarm = s_number (path, 10);
        free (path);
        return alarm ? UNDERVOLTAGE : 0;
    }
    return 0;
}

void health_read (health_t *self)
{
    int64_t now = clock_us ();
    if (self->read_us && now - self->read_us < EVERY_US)
        return;
    self->read_us = now;
    self->millicelsius = s_hottest ();
    if (!s_firmware (&self->throttled))
        self->throttled = s_alarm () | (self->throttled & UNDERVOLTAGE & ~1u);      // once seen, it has been since boot
}
