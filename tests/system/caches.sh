#!/bin/bash
# caches: what the nodes keep of a job's input: half of an input twice as large as the caches is there for the next job; and nothing that is done to
# the caches' folders while workers live can change a result.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build} RACIMO_BLIND=1
cd "$work/data" || exit 1

random_lines 1000000 > lines
cat lines lines lines lines lines lines lines lines > input
size=$(stat -c %s input)
grep -c green input > "$work/green"

holds 'the cluster is up' cluster 2

# counts NAME: the nodes count right.
counts () {
    rm -rf out
    on me run grep --pattern green --count input --chunk 4M -o "$work/data/out" --master localhost --quiet
    if [ "$code" -eq 0 ] && cat out/part-* | cmp - "$work/green" > "$work/diff" 2>&1; then
        pass "$1"
    else
        fail "$1: exit code $code: $(tail -1 "$work/stderr") $(cat "$work/diff")"
    fi
}

# again OPTIONS...: both workers once more.
again () {
    local i
    for i in 1 2; do
        kill -TERM "${worker[i]}"
        ends "${worker[i]}" 0
        back "$i" "$@" || return 1
    done
}

# ---- cleared while the workers live

counts 'a job'
holds "all of the input is sent ($(moved) of $size bytes)" test "$(moved)" -ge "$size"
rm "$work"/pi*/cache/chunks/chunks-0/*.data
counts 'somebody has deleted the data in the caches'
holds "they come again ($(moved) bytes)" test "$(moved)" -ge "$size"
counts 'and then they are there'
holds "so that little is sent ($(moved) bytes)" test $(($(moved) * 10)) -lt "$size"
for file in "$work"/pi*/cache/chunks/chunks-0/*.data; do
    was=$(stat -c %s "$file")
    truncate -s 7 "$file" && truncate -s "$was" "$file"
done
counts 'somebody has emptied the files in the caches'
rm -r "$work"/pi*/cache/chunks
counts 'somebody has deleted the folders of the caches'
counts 'once more'
holds "they are there again, and used ($(moved) bytes)" test $(($(moved) * 10)) -lt "$size"

# ---- a node whose disk is full

# sick NAME SAYS PATTERN WORDS...: worker 1 cannot write files whose name matches; the other does its part, and worker 1 says what it was (SAYS
# empty: it may be that it had none to write).
sick () {
    local name=$1 says=$2 pattern=$3
    shift 3
    kill -TERM "${worker[1]}"
    ends "${worker[1]}" 0
    SICK="write 28 $pattern" LD_PRELOAD=$work/sick.so starts pi1 worker
    worker[1]=$daemon
    says pi1 'is worker'
    rm -rf out
    on me run "$@" -o "$work/data/out" --chunk 1M --master localhost --quiet
    if [ "$code" -eq 0 ] && cat out/part-* | cmp - "$work/expected" > "$work/diff" 2>&1; then
        holds "$name" says pi1 "${says:+job [0-9]+: node pi1: $says.*No space left on device}"
    else
        fail "$name: exit code $code: $(tail -1 "$work/stderr") $(cat "$work/diff")"
    fi
}

ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
holds 'the library that fails compiles' "${CC:-cc}" -shared -fPIC -O1 -o "$work/sick.so" "$SRC/tests/system/sick.c" -ldl
grep green lines > "$work/expected"
sick 'parts cannot be written' '.*/parts/part-.*: cannot write' '*/parts/part-*' grep --pattern green lines
rm "$work"/pi1/cache/chunks/chunks-0/*                  # or there would be nothing to keep
sick 'input cannot be kept' '.*data: cannot keep' '*/chunks-0/*.data' grep --pattern green lines
LC_ALL=C sort lines > "$work/expected"
sick 'segments cannot be written' '.*/segment-.*: cannot write' '*/segment-*' sort lines --partitions 4
sick 'what others have sorted cannot be kept' '' '*/staged-*' sort lines --partitions 4

# ---- half as large as the input

half=$((size / 4 / 1048576))M                           # of two
rm -r "$work"/pi*/cache/chunks
holds "workers with caches of $half" again --cache-size "$half"
counts 'an input twice as large as the caches'
for i in 1 2 3; do
    counts "the same again, $i"
    # Half, and what one node takes of the other's when this machine makes that one wait; by the usual rule it would be all.
    holds "it moves about half ($(moved) of $size bytes)" test "$(moved)" -le $((size * 3 / 4))
done
