// kernel: which set runs here. The choice is made once, before any thread or fork, and never changes again, so reading the
// pointer needs no lock. Until then it is the plain table: right everywhere, only slower.
#include "kernel/kernel.h"

const kernel_t *kernel = &kernel_plain;

// The sets of this build, best first; plain is always the last.
static const kernel_t *const s_sets [] = {
#if defined __x86_64__
    &kernel_avx2,
#elif defined __aarch64__
    &kernel_neon,
#endif
    &kernel_plain,
};

static bool s_runs_here (const kernel_t *set)
{
#if defined __x86_64__
    if (set == &kernel_avx2) {
        __builtin_cpu_init ();
        return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("bmi") && __builtin_cpu_supports ("bmi2")
            && __builtin_cpu_supports ("popcnt") && __builtin_cpu_supports ("pclmul");
    }
#endif
    return set != NULL;
}

void kernel_choose (void)
{
    const char *wanted = getenv ("RACIMO_KERNEL");
    const kernel_t *best = NULL;
    for (size_t i = 0; i < sizeof s_sets / sizeof *s_sets; i++) {
        if (!s_runs_here (s_sets [i]))
            continue;
        if (!best || (wanted && strcmp (wanted, s_sets [i]->name) == 0))
            best = s_sets [i];
    }
    kernel = best;
}
