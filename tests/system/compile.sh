#!/bin/bash
# racimo.h, the shipped jobs and what `racimo new` writes compile without a warning, as C11 and as C++17, with each compiler that is
# here. A job author's compiler and its warnings are not ours to choose: what a header says about itself appears in their build.
# Optimised, since some warnings need the flow analysis; not linked, as a job is not either.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
cd "$work" || exit 1

warnings=(-O2 -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror)

# The header alone: nothing before it that it might silently need.
printf '#include <racimo.h>\n' > alone.c
if ! "$RACIMO" new fresh > stdout 2> stderr; then fail "racimo new: $(cat stderr)"; fi

# compiles LANGUAGE COMPILER FILE: without any warning; what it says is in $work/stderr. POSIX, because jobs may use it.
compiles () {
    local standard=(-std=c11)
    [ "$1" = c ] || standard=(-std=c++17)
    "$2" -x "$1" "${standard[@]}" -D_GNU_SOURCE -U_FORTIFY_SOURCE "${warnings[@]}" -I"$SRC/api" -c -o unit.o "$3" 2> stderr
}

# The test itself can fail: each of these would go unnoticed if the options did not arrive.
planted () {
    local warning
    printf '#include <racimo.h>\nint narrow (long value) { return value; }\n' > planted-conversion.c
    printf '#include <racimo.h>\nint twice (int value) { { int value = 2; (void) value; } return value; }\n' > planted-shadow.c
    printf '#include <racimo.h>\nstatic int unused;\n' > planted-unused-variable.c
    for warning in conversion shadow unused-variable; do
        if compiles "$1" "$2" "planted-$warning.c"; then
            fail "$2: what -W$warning warns of is not seen"
            return
        fi
    done
    pass "$2 sees planted warnings"
}

# all LANGUAGE COMPILER
all () {
    local source
    if ! command -v "$2" > /dev/null; then
        echo "SKIP $2: not installed here"
        return
    fi
    planted "$1" "$2"
    for source in alone.c fresh.c "$SRC"/jobs/*.c; do
        if compiles "$1" "$2" "$source"; then
            pass "${source##*/} by $2"
        else
            fail "${source##*/} by $2: $(grep -m 1 -E 'warning|error' stderr)"
        fi
    done
}

all c gcc
all c clang
all c++ g++
all c++ clang++
