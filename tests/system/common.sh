# common: what the system tests share. Sourced by scripts that test the real binary with real processes.
#
# Each script has a folder of its own, $work, and a private TMPDIR in it, so that what a run forgets there is seen. Every process of a
# run carries a mark in its environment, so that what survives it is found, whatever its parent is by then. Only these are ever killed.
# shellcheck shell=bash disable=SC2034  # the scripts use what is set here
set -u
: "${RACIMO:?is the binary to test}"
: "${SRC:?is the source tree}"
export RACIMO SRC LC_ALL=C

build=$(dirname "$RACIMO")
reference=${REFERENCE:-$build/tests/reference/reference}
generate=${GENERATE:-$build/tests/reference/generate}
jobs=$SRC/tests/system/jobs

work=$(mktemp -d "${TMPDIR:-/tmp}/racimo-test.XXXXXX") || exit 1
mkdir "$work/tmp" "$work/cache" "$work/data"
shm=$(mktemp -d /dev/shm/racimo-test.XXXXXX 2> /dev/null) || shm=$work/tmp
export TMPDIR=$work/tmp XDG_CACHE_HOME=$work/cache RACIMO_SHM=$shm

# What sanitizers report of any process, be it one whose attempt is repeated, is a failure: see finish. Leaks are for memcheck.
reports=$work/sanitizer
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:log_path=$reports} UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:log_path=$reports}

mark=$$.$RANDOM
passed=0
failed=0

pass () {
    echo "PASS $*"
    passed=$((passed + 1))
}

fail () {
    echo "FAIL $*"
    failed=$((failed + 1))
}

# holds NAME COMMAND...: the command succeeds.
holds () {
    local name=$1
    shift
    if "$@"; then
        pass "$name"
    else
        fail "$name: $(tail -1 "$work/stderr")"
    fi
}

# emulated NAME: an emulator of single programs runs racimo, which cannot show this; says so.
emulated () { [ -n "${RACIMO_EMULATED:-}" ] && echo "SKIP $1: not in an emulator"; }

# make NAME KIND SEED ROWS: a file of test data in $work/data.
make () {
    "$generate" "$2" "$3" "$4" > "$work/data/$1"
}

# Process ids of those that carry our mark. The shell itself has none: it got its environment before.
marked () {
    grep -lzx "RACIMO_TEST_MARK=$mark" /proc/[0-9]*/environ 2> /dev/null | cut -d/ -f3
}

finish () {
    local pid report
    for pid in $(marked); do
        kill -KILL "$pid" 2> /dev/null
    done
    for report in "$reports".*; do
        [ ! -e "$report" ] || fail "a sanitizer reports: $(head -30 "$report")"
    done
    chmod -R u+rwx "$work" 2> /dev/null
    rm -rf "$work" "$shm"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

quit () {
    finish
    exit $?
}
trap 'quit' EXIT
trap 'exit 130' INT TERM HUP

# run ARGUMENTS...: racimo run; its exit status is in $code (124: it hung), what it said in $work/stdout and $work/stderr.
run () {
    RACIMO_TEST_MARK=$mark timeout -k 5 "${limit:-60}" "$RACIMO" run "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null
    code=$?
}

# No process, no temporary file, no hidden folder beside the result is left. Waits for processes that are on their way out.
left_over () {
    local pid left=""
    for pid in $(marked); do
        timeout 3 tail -s 0.02 --pid="$pid" -f /dev/null || left="$left process $pid ($(tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline"))"
    done
    [ -z "$(ls -A "$work/tmp")" ] || left="$left files in TMPDIR: $(find "$work/tmp" | head -4 | tr '\n' ' ')"
    [ -z "$(ls -A "$shm")" ] || left="$left files in memory: $(find "$shm" | head -4 | tr '\n' ' ')"
    left="$left$(find "$work" -maxdepth 2 -name '.*racimo-*' -printf ' hidden %p')"
    echo "$left"
}

# tidy NAME: nothing is left; what is, would be found again by the next who looks.
tidy () {
    local left
    left=$(left_over)
    [ -n "$left" ] || return 0
    fail "$1: leaves$left"
    rm -rf "$work/tmp" "$work"/.*racimo-*
    mkdir -p "$work/tmp"
    return 1
}

# vanished NAME: a run that cannot have ended well has left nothing.
vanished () {
    if [ -e "$work/out" ]; then
        fail "$1: leaves a result"
    elif tidy "$1"; then
        pass "$1"
    fi
}

# fails NAME CODE PATTERN ARGUMENTS...: the run ends with CODE, says one line that matches PATTERN (as grep -E), and leaves nothing,
# neither under the final name $work/out nor anywhere else. Lines of the compiler before that line are allowed with code 4.
fails () {
    local name=$1 expected=$2 pattern=$3 lines
    shift 3
    rm -rf "$work/out"
    run "$@" -o "$work/out"
    lines=$(grep -c . "$work/stderr")
    if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
        fail "$name: hangs"
    elif [ "$code" -ne "$expected" ]; then
        fail "$name: exit code $code, not $expected: $(tail -1 "$work/stderr")"
    elif ! tail -1 "$work/stderr" | grep -Eq -- "$pattern"; then
        fail "$name: does not say /$pattern/: $(tail -1 "$work/stderr")"
    elif [ "$lines" -ne 1 ] && [ "${compiler_lines:-no}" = no ]; then
        fail "$name: says $lines lines: $(head -3 "$work/stderr" | tr '\n' '|')"
    else
        vanished "$name"
    fi
}

# gives NAME EXPECTED ARGUMENTS...: the run ends well and its parts joined are the file EXPECTED.
gives () {
    local name=$1 expected=$2
    shift 2
    rm -rf "$work/out"
    run "$@" -o "$work/out"
    if [ "$code" -ne 0 ]; then
        fail "$name: exit code $code: $(tail -1 "$work/stderr")"
    elif ! cat "$work"/out/part-* | cmp -s - "$expected"; then
        fail "$name: $(cat "$work"/out/part-* | cmp - "$expected" 2>&1)"
    elif [ ! -e "$work/out/_SUCCESS" ] || [ ! -e "$work/out/_job.json" ]; then
        fail "$name: no _SUCCESS or no _job.json"
    elif tidy "$name"; then
        pass "$name"
    fi
}

# Three ports in a row of this machine that nobody listens on: their first. Below those that the kernel gives to connections, which could be taken
# before a daemon binds.
free_ports () {
    local port
    for ((port = 12000 + RANDOM % 1900 * 10; port < 32000; port += 10)); do
        if ! (: < "/dev/tcp/127.0.0.1/$port" || : < "/dev/tcp/127.0.0.1/$((port + 1))" || : < "/dev/tcp/127.0.0.1/$((port + 2))") 2> /dev/null; then
            echo "$port"
            return
        fi
    done
}
