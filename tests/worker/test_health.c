// test_health: temperature and firmware word of a node, from files that look like the kernel's.
#include "tests/folder.h"
#include "worker/health.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void s_begin (void)
{
    s_folder_make ();
    setenv ("RACIMO_THERMAL", s_folder, 1);
    setenv ("RACIMO_THROTTLED", s_path ("throttled"), 1);
}

START_TEST (test_the_hottest_zone_and_the_word)
{
    health_t health = { 0 };
    s_write_text ("thermal_zone0/temp", "48312\n");
    s_write_text ("thermal_zone1/temp", "81500\n");
    s_write_text ("thermal_zone2/temp", "-274000\n");        // a sensor that is not there
    s_write_text ("throttled", "50005\n");
    health_read (&health);
    ck_assert_uint_eq (health.millicelsius, 81500);
    ck_assert_uint_eq (health.throttled, 0x50005);
    s_write_text ("thermal_zone1/temp", "20000\n");          // not looked at again so soon
    health_read (&health);
    ck_assert_uint_eq (health.millicelsius, 81500);
    health.read_us -= 6000000;
    health_read (&health);
    ck_assert_uint_eq (health.millicelsius, 48312);
}
END_TEST

START_TEST (test_a_machine_without_sensors)
{
    health_t health = { 0 };
    health_read (&health);
    ck_assert_uint_eq (health.millicelsius, 0);
    ck_assert_uint_eq (health.throttled, 0);
    s_write_text ("thermal_zone0/temp", "hot\n");
    health.read_us -= 6000000;
    health_read (&health);
    ck_assert_uint_eq (health.millicelsius, 0);
}
END_TEST

int main (void)
{
    const TTest *const tests [] = { test_the_hottest_zone_and_the_word, test_a_machine_without_sensors };
    return main_run ("health", s_begin, s_folder_remove, tests, COUNT_OF (tests));
}
