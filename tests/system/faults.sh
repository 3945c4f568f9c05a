#!/bin/bash
# Jobs that do not compile, refuse, crash, hang, leak, make noise; processes that are shot; Ctrl-C at any moment. A fault costs
# its attempt and nothing else: the result is right, or there is one line, an exit code and no trace.
# shellcheck disable=SC1091,SC2034,SC2154  # common.sh sets work, code, jobs, ...
. "$SRC/tests/system/common.sh"

data=$work/data
trouble=$jobs/trouble.c
make lines lines 1 3000
sed 's/\r$//' "$data/lines" | sort -u > "$work/distinct"
cd "$work" || exit 1

# ----------------------------------------------------------------------------------------------------------------------
# Before a task starts

# plugin NAME: a job from standard input.
plugin () {
    cat > "$work/$1.c"
}

plugin broken << 'END'
#include <racimo.h>
RAC_JOB (plan) { rac_about (plan, "broken") retrun RAC_OK; }
END
compiler_lines=yes
fails "a job that does not compile" 4 'broken\.c.*compile' "$work/broken.c" "$data/lines"
holds "the compiler's lines are shown" grep -q 'broken\.c:2:' "$work/stderr"
compiler_lines=no

plugin unlinked << 'END'
#include <racimo.h>
void not_to_be_found_anywhere (void);
RAC_JOB (plan) { not_to_be_found_anywhere (); (void) plan; return RAC_OK; }
END
compiler_lines=yes
fails "a symbol that is not there" 4 'not_to_be_found_anywhere' "$work/unlinked.c" "$data/lines"
compiler_lines=no

plugin jobless << 'END'
#include <racimo.h>
int nothing;
END
fails "a file without RAC_JOB" 4 'RAC_JOB' "$work/jobless.c" "$data/lines"

plugin foreign << 'END'
__attribute__ ((visibility ("default"))) int racimo_job_99 (void *plan) { return plan == 0; }
END
fails "a job of another ABI" 4 'ABI' "$work/foreign.c" "$data/lines"

# A compiler for other machines: cc, and then another machine's number in its output.
cat > "$work/cc-elsewhere" << 'END'
#!/bin/bash
cc "$@" || exit
for word; do
    [ "$last" != -o ] || printf '\177\177' | dd of="$word" bs=1 seek=18 conv=notrunc status=none
    last=$word
done
END
chmod +x "$work/cc-elsewhere"
RACIMO_CC=$work/cc-elsewhere fails "a job compiled for another CPU" 4 '^racimo: wordcount: is compiled for another CPU' wordcount "$data/lines"

# What the cache holds was cut or damaged: compiled anew, nobody maps it.
run wordcount "$data/lines" -o "$work/counted"
for damage in "truncate -s 5000" "truncate -s 0" "shred -n 1 -s 3000"; do
    for cached in "$work"/cache/racimo/*.so; do
        # shellcheck disable=SC2086  # a command is words
        $damage "$cached"
    done
    gives "a job cached, then damaged by $damage" "$work/counted/part-00000.tsv" wordcount "$data/lines"
done

plugin counting << 'END'
#include <racimo.h>
static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    char name [102];
    (void) state; (void) in;
    memset (name, 'n', sizeof name);
    name [101] = 0;
    rac_count (out, name, 1);
    return RAC_OK;
}
RAC_JOB (plan)
{
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_map (plan, map);
    rac_key (plan, "line", RAC_BYTES);
    return RAC_OK;
}
END
fails "a counter whose name is data" 4 "a counter's name of 101 bytes: at most 100" "$work/counting.c" "$data/lines"

plugin refusing << 'END'
#include <racimo.h>
RAC_JOB (plan) { return rac_refuse (plan, "not on a Sunday"); }
END
fails "a job that refuses" 2 'not on a Sunday' "$work/refusing.c" "$data/lines"

plugin contrary << 'END'
#include <racimo.h>
RAC_JOB (plan)
{
    rac_input (plan, RAC_CSV, NULL, 0);
    rac_key (plan, "line", RAC_BYTES);
    rac_fold (plan, "sum", RAC_SUM, "never declared");
    return RAC_OK;
}
END
fails "a fold of a value never declared" 4 'never declared' "$work/contrary.c" "$data/lines"

plugin siding << 'END'
#include <racimo.h>
RAC_JOB (plan)
{
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_key (plan, "line", RAC_BYTES);
    rac_side (plan, "table", "/nowhere/table.csv");
    return RAC_OK;
}
END
fails "a side file that is not there" 2 '/nowhere/table\.csv' "$work/siding.c" "$data/lines"
fails "a job that is not there" 2 'nothing-here' "$work/nothing-here.c" "$data/lines"
fails "an unknown option" 2 'knid' "$trouble" --knid=none "$data/lines"
fails "a value that is no number" 2 'abc' "$jobs/numbers.c" --rows abc
fails "no partitions" 2 'partitions' sort --partitions 0 "$data/lines"
fails "too many partitions" 2 'partitions' sort --partitions 99999999 "$data/lines"
fails "an own header of the wrong kind" 2 'output-header' sort --output-header maybe "$data/lines"

for kind in segfault exit abort; do
    fails "$kind in RAC_JOB" 4 'RAC_JOB' "$trouble" --place declare --kind $kind "$data/lines"
done

# ----------------------------------------------------------------------------------------------------------------------
# In a task: four attempts, then the job fails and says where

fails "segfault in map" 4 'SIGSEGV.*lines.*byte [0-9]' "$trouble" --kind segfault "$data/lines"
holds "four attempts" grep -q '4 times' "$work/stderr"
fails "segfault in reduce" 4 'SIGSEGV.*reduce' "$trouble" --kind segfault --place reduce "$data/lines"
fails "segfault when it opens" 4 'SIGSEGV' "$trouble" --kind segfault --place open "$data/lines"
fails "a stack overflow" 4 'SIGSEGV.*lines' "$trouble" --kind deep "$data/lines"
fails "abort" 4 'SIGABRT.*lines' "$trouble" --kind abort "$data/lines"
fails "SIGFPE" 4 'SIGFPE.*lines' "$trouble" --kind divide "$data/lines"
fails "exit (0)" 4 'exit \(0\).*lines' "$trouble" --kind exit "$data/lines"
fails "_exit (7) in reduce" 4 'exit \(7\).*reduce' "$trouble" --kind _exit --place reduce "$data/lines"
fails "an endless loop" 4 'no progress for 1 s.*lines' "$trouble" --kind loop --task-timeout 1 "$data/lines"
fails "a map that fails" 4 'lines' "$trouble" --kind fail "$data/lines"
fails "a reduce that fails" 4 'reduce|task' "$trouble" --kind fail --place reduce "$data/lines"
fails "more columns than declared" 4 'column' "$trouble" --kind columns "$data/lines"
fails "a column of another type" 4 'type' "$trouble" --kind type "$data/lines"
fails "a rejected row that is not there" 4 'row' "$trouble" --kind reject "$data/lines"
fails "a partition that is not there" 4 'part' "$trouble" --kind choose "$data/lines"

# Trouble once: the second attempt makes it good, and the result is that of a run without trouble.
once=0
for kind in segfault abort exit loop mask stop close leak; do
    for place in map reduce; do
        once=$((once + 1))
        gives "$kind once in $place" distinct "$trouble" --kind $kind --place $place --once "$work/once$once" --task-timeout 1 \
            --memory 16M --chunk 8K --slots 2 "$data/lines"
    done
done
emulated "daemons that a map leaves" || gives "daemons that a map leaves" distinct "$trouble" --kind daemon --chunk 8K --slots 2 "$data/lines"
gives "noise on standard output" distinct "$trouble" --kind noise --slots 2 "$data/lines"
holds "noise on standard output: not shown" [ ! -s "$work/stdout" ]

# ----------------------------------------------------------------------------------------------------------------------
# Processes that are shot

mkfifo started go

# start ARGUMENTS...: a run in the background that Ctrl-C reaches (a shell starts such ones deaf to it); its process id is $runner.
start () {
    rm -rf "$work/out"
    RACIMO_TEST_MARK=$mark env --default-signal=INT "$RACIMO" run --quiet "$@" -o "$work/out" \
        > "$work/stdout" 2> "$work/stderr" < /dev/null &
    runner=$!
}

# ended SECONDS: the run has ended by itself within that time; its exit status is in $code.
ended () {
    timeout "$1" tail -s 0.02 --pid="$runner" -f /dev/null
    local in_time=$?
    [ "$in_time" -eq 0 ] || kill -KILL "$runner"
    wait "$runner" 2> /dev/null
    code=$?
    return "$in_time"
}

gated () {
    start "$jobs/gate.c" --started "$work/started" --go "$work/go" --slots 1 "$@"
}

release () {
    timeout 20 dd if=/dev/null of=go status=none
}

# shot_once SIGNAL: the executor in the middle of a task.
shot_once () {
    local pid
    gated --task-timeout 1 "$data/lines"
    pid=$(timeout 20 cat started)
    kill "-$1" "$pid"
    timeout 20 cat started > /dev/null
    release
    ended 20
    sed 's/\r$//' "$data/lines" > expected
    if [ "$code" -ne 0 ]; then
        fail "SIG$1 for an executor: exit code $code: $(tail -1 "$work/stderr")"
    elif ! cat out/part-* | cmp -s - expected; then
        fail "SIG$1 for an executor: other bytes"
    else
        pass "SIG$1 for an executor: the next attempt made it good"
    fi
}
for signal in KILL TERM SEGV STOP; do
    shot_once "$signal"
done

# Every process of a run but the client and the executor, one run each: whichever dies, the run ends and nothing is left.
shoot_others () {
    local executor victims number=0 count=1
    while [ "$number" -lt "$count" ]; do
        gated "$data/lines"
        executor=$(timeout 20 cat started)
        mapfile -t victims < <(marked | grep -vx -e "$runner" -e "$executor" | sort -n)
        count=${#victims[@]}
        kill -KILL "${victims[$number]}"
        number=$((number + 1))
        timeout 2 dd if=/dev/null of=go status=none
        if ! ended 30; then
            fail "SIGKILL for process $number of $count of a run: it hangs"
            vanished "SIGKILL for process $number of $count of a run, killed in the end"
        elif [ "$code" -eq 0 ]; then
            pass "SIGKILL for process $number of $count of a run: it could be done without"
        elif [ "$(wc -l < "$work/stderr")" -ne 1 ]; then
            fail "SIGKILL for process $number of $count of a run: says $(wc -l < "$work/stderr") lines: $(tr '\n' '|' < "$work/stderr")"
        else
            vanished "SIGKILL for process $number of $count of a run: exit code $code: $(tail -1 "$work/stderr")"
        fi
    done
}
shoot_others

gated "$data/lines"
timeout 20 cat started > /dev/null
kill -KILL "$runner"
ended 5 2> /dev/null
vanished "SIGKILL for the client in the middle of a task"

# ----------------------------------------------------------------------------------------------------------------------
# Ctrl-C at ten moments of a run that spills, merges and writes; and in the middle of a task

for signal in INT TERM HUP; do
    gated "$data/lines"
    timeout 20 cat started > /dev/null
    kill "-$signal" "$runner"
    ended 10 || fail "SIG$signal in the middle of a task: it hangs"
    if [ "$code" -eq 130 ]; then
        vanished "SIG$signal in the middle of a task"
    else
        fail "SIG$signal in the middle of a task: exit code $code, not 130: $(tail -1 "$work/stderr")"
    fi
done

make many distinct 2 200000
sort "$data/many" > expected
begin=$(date +%s%N)
start sort --memory 16M --slots 4 "$data/many"
ended 60
duration=$(($(date +%s%N) - begin))
holds "the run that is to be cancelled ends well if let" cmp -s <(cat out/part-*) expected

RANDOM=7
cancelled=0
for moment in 1 2 3 4 5 6 7 8 9 10; do
    delay=$((duration * moment / 11 + duration * (RANDOM % 100) / 1100))
    start sort --memory 16M --slots 4 "$data/many"
    # The one place where time itself is what is tested: a moment somewhere in the run.
    sleep "$((delay / 1000000000)).$(printf %09d $((delay % 1000000000)))"
    kill -INT "$runner" 2> /dev/null
    ended 10 || fail "Ctrl-C at moment $moment: it hangs"
    if [ "$code" -eq 130 ]; then
        vanished "Ctrl-C at moment $moment of 10"
        cancelled=$((cancelled + 1))
    elif [ "$code" -eq 0 ] && cat out/part-* | cmp -s - expected; then
        pass "Ctrl-C at moment $moment of 10 came too late"
    else
        fail "Ctrl-C at moment $moment of 10: exit code $code: $(tail -1 "$work/stderr")"
    fi
done
holds "Ctrl-C came in time at least once" [ "$cancelled" -gt 0 ]
cd /
