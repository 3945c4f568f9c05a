#!/bin/bash
# One whole run under valgrind's memcheck, all its processes: no error, no definite leak. Part of check-valgrind, not of check: it takes
# ten seconds and more. The job's plugin is compiled before, since nobody wants to check the compiler, and for a CPU that valgrind knows; the kernels
# are the plain ones, as the vector ones read beyond what is filled, as far as they may, and mask it out.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
cd "$work" || exit 1
[ "$(uname -m)" != x86_64 ] || export RACIMO_CFLAGS=-march=x86-64-v2
export RACIMO_KERNEL=plain
export limit=300                                        # of run, in seconds

cat > memcheck << 'END'
#!/bin/sh
exec valgrind --quiet --trace-children=yes --child-silent-after-fork=no --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite --log-file="$LOGS/%p" "$PROGRAM" "$@"
END
chmod +x memcheck
export LOGS=$work/logs PROGRAM=$RACIMO

# clean NAME ARGUMENTS...: the same bytes as without valgrind, and nothing to say in any process.
clean () {
    local name=$1 processes
    shift
    RACIMO=$PROGRAM run "$@" --quiet
    mv stdout expected
    rm -rf "$LOGS"
    mkdir "$LOGS"
    RACIMO=$work/memcheck run "$@" --quiet --slots 2 --task-timeout 120
    processes=$(find "$LOGS" -type f | wc -l)
    if [ "$code" -ne 0 ] || ! cmp -s stdout expected; then
        fail "$name: exit code $code: $(tail -1 stderr)"
    elif [ "$processes" -lt 5 ]; then
        fail "$name: only $processes processes were checked"
    elif [ -n "$(find "$LOGS" -type f -size +0)" ]; then
        fail "$name: memcheck complains:"
        find "$LOGS" -type f -size +0 -exec cat {} + | head -60
    else
        pass "$name: $processes processes without an error or a definite leak"
    fi
}

make lines lines 3 2000
make distinct distinct 4 300000
make events events 6 1500
clean wordcount wordcount --chunk 64K "$SRC/data/opticks.txt"
clean stations stations "$SRC/data/stations.txt"
clean groupby groupby --by user --agg count,mean:units,sum:weight "$work/data/events"
clean sort sort "$work/data/lines"
clean 'a sort that spills' sort --memory 16M "$work/data/distinct"
clean 'a reduce' "$jobs/gaps.c" "$work/data/events"
