#!/bin/bash
# The bytes of a result do not depend on the CPU's extensions nor on the compiler: the shipped jobs over data/, once as they run here by
# themselves, then with plugins built for a lesser CPU, without optimisation, by the other compiler, and with the plain kernels.
# The settings must have arrived, or equal bytes prove nothing: plugins built otherwise are other files in the cache. (That RACIMO_KERNEL
# picks the set is tested in tests/kernel.)
# RACIMO_OTHER=PROGRAM...: other builds of racimo to compare with, for instance one with CFLAGS="-O3 -march=native".
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
cd "$work" || exit 1
data=$SRC/data

case $(uname -m) in
    x86_64) lesser=x86-64-v2 ;;
    *) lesser=armv8-a ;;
esac

# questions: a name, then the words of `racimo run`.
questions () {
    cat << END
wordcount wordcount $data/opticks.txt
wordcount-utf8 wordcount --utf8 $data/opticks.txt
grep grep --pattern light $data/opticks.txt
grep-regex grep --regex ^[A-Z].*(red|blue) --ignore-case $data/opticks.txt
stations stations $data/stations.txt
groupby groupby --by state,phase --agg count,sum:cost,mean:speed,min:speed,max:cost $data/birdstrikes.csv
sort sort $data/opticks.txt
sort-numeric sort --by 2 --separator ; --numeric --reverse $data/stations.txt
pi pi --samples 300000 --seed 3
moments $work/moments.c $data/stations.txt
END
}

# Arithmetic that a compiler may fuse, reorder or widen if it is let: products summed in a loop.
cat > moments.c << 'END'
#include <racimo.h>

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    const double *x = in->column [1].at.f64;
    double power [RAC_ROWS], whole = 0;
    for (uint32_t row = 0; row < in->rows; row++)
        power [row] = x [row] * 1.1 + x [row] * x [row] / 3 - (x [row] + 0.7) * (x [row] - 0.3) * 1e-3;
    for (uint32_t row = 0; row < in->rows; row++)
        whole += power [row];
    rac_count (out, whole > 0 ? "positive" : "negative", 1);
    rac_column column [2] = { in->column [0], rac_of_f64 (power) };
    return rac_emit (out, in->rows, column, 2);
}

RAC_JOB (plan)
{
    rac_input (plan, RAC_CSV, ";", RAC_NO_HEADER);
    rac_read (plan, "name", RAC_BYTES);
    rac_read (plan, "x", RAC_F64);
    rac_map (plan, map);
    rac_key (plan, "name", RAC_BYTES);
    rac_value (plan, "power", RAC_F64);
    rac_fold (plan, "sum", RAC_SUM, "power");
    rac_fold (plan, "least", RAC_MIN, "power");
    return RAC_OK;
}
END

# answers FOLDER [SETTING=VALUE...]: the result of every question, under these settings of the environment; false: a run failed.
answers () {
    local folder=$1 name words
    shift
    mkdir "$folder"
    while read -r name words; do
        # shellcheck disable=SC2086  # words
        ( set -f; [ $# -eq 0 ] || export "${@?}"; run $words --quiet; exit "$code" )
        code=$?
        if [ "$code" -ne 0 ]; then
            fail "$name with ${*:-nothing set}: exit code $code: $(tail -1 stderr)"
            return 1
        fi
        mv stdout "$folder/$name"
    done < <(questions)
}

plugins () { find "$work/cache" -name '*.so' | wc -l; }

# same NAME WHAT SETTING=VALUE...: the same bytes under these settings. WHAT: plugins, if they have to be compiled anew.
same () {
    local name=$1 what=$2 before file differing=""
    shift 2
    before=$(plugins)
    rm -rf other
    answers other "$@" || return
    for file in first/*; do
        cmp -s "$file" "other/${file#*/}" || differing="$differing ${file#*/}"
    done
    if [ -n "$differing" ]; then
        fail "$name: other bytes of$differing"
    elif [ "$what" = plugins ] && [ "$(plugins)" -ne $((before + compiled)) ]; then
        fail "$name: $(($(plugins) - before)) plugins compiled, not $compiled: the setting has not arrived"
    else
        pass "$name: the same bytes of $(questions | wc -l) results"
    fi
}

if answers first; then
    compiled=$(plugins)
    same "plugins for $lesser" plugins RACIMO_CFLAGS="-march=$lesser"
    same "plugins without optimisation" plugins RACIMO_CFLAGS=-O0
    for compiler in gcc clang; do
        if command -v "$compiler" > /dev/null; then
            same "plugins by $compiler" plugins RACIMO_CC="$compiler"
        else
            echo "SKIP plugins by $compiler: not installed here"
        fi
    done
    same "plain kernels" same RACIMO_KERNEL=plain
    for other in ${RACIMO_OTHER:-}; do
        same "$other" same RACIMO="$other" RACIMO_HOME="$SRC"
    done
fi
