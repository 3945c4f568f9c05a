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
    setenv ("RACIMO_HWMON", s_folder, 1);
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

static void s_firmware (const char *model)
{
    char pattern [256], name [256];
    snprintf (pattern, sizeof pattern, "%s/soc*/soc*:firmware/get_throttled", s_folder);
    setenv ("RACIMO_THROTTLED", pattern, 1);
    snprintf (name, sizeof name, "%s/%s:firmware/get_throttled", model, model);
    s_write_text (name, "e0008\n");
}

START_TEST (test_the_word_of_either_model)
{
    health_t health = { 0 };
    s_firmware (_i ? "soc@107c000000" : "soc");
    health_read (&health);
    ck_assert_uint_eq (health.throttled, 0xe0008);
}
END_TEST

START_TEST (test_a_kernel_without_the_word)
{
    health_t health = { 0 };
    s_write_text ("hwmon0/name", "cpu_thermal\n");
    s_write_text ("hwmon0/in0_lcrit_alarm", "1\n");
    s_write_text ("hwmon2/name", "rpi_volt\n");
    s_write_text ("hwmon2/in0_lcrit_alarm", "0\n");
    health_read (&health);
    ck_assert_uint_eq (health.throttled, 0);
    s_write_text ("hwmon2/in0_lcrit_alarm", "1\n");
    health.read_us -= 6000000;
    health_read (&health);
    ck_assert_uint_eq (health.throttled, 0x10001);
    s_write_text ("hwmon2/in0_lcrit_alarm", "0\n");
    health.read_us -= 6000000;
    health_read (&health);
    ck_assert_uint_eq (health.throttled, 0x10000);
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
    TCase *tests = main_case (s_begin, s_folder_remove);
    tcase_add_test (tests, test_the_hottest_zone_and_the_word);
    tcase_add_loop_test (tests, test_the_word_of_either_model, 0, 2);
    tcase_add_test (tests, test_a_kernel_without_the_word);
    tcase_add_test (tests, test_a_machine_without_sensors);
    return main_end ("health", tests);
}
