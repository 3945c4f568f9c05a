#!/bin/bash
# storm: job after job while workers, zygotes, executors and caches go at moments that nobody has chosen: always the same bytes, nothing left behind by the
# next start, and no process grows. STORM=100: so many jobs; SEED=7: another storm.
# shellcheck disable=SC1091,SC2154,SC2012  # names in /proc are numbers; common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build} RACIMO_BLIND=1
cd "$work/data" || exit 1
RANDOM=${SEED:-5}

random_lines 400000 > lines
LC_ALL=C sort lines > sorted
grep green lines > greens

holds 'the cluster is up' cluster 3

# Of the children of a process: the first; any one.
child () { pgrep -P "$1" | head -1; }
some_child () { pgrep -P "$1" | shuf -n 1; }

# strikes KIND NODE: whatever it is, it may be gone by itself already.
strikes () {
    local zygote
    zygote=$(child "${worker[$2]}")
    case $1 in
    worker) kill -KILL "${worker[$2]}" ;;
    zygote) kill -KILL "$zygote" ;;
    executor) kill -KILL "$(some_child "$zygote")" ;;
    pause) kill -STOP "${worker[$2]}"; passes 200; kill -CONT "${worker[$2]}" ;;
    cache) rm -rf "$work/pi$2/cache/chunks" ;;
    esac 2> /dev/null
}

# again NODE: its worker has ended, and a new one finds no trace of it.
again () {
    timeout 20 tail -s 0.05 --pid="${worker[$1]}" -f /dev/null
    wait "${worker[$1]}"
    back "$1" && [ "$(ls "$work/pi$1/scratch")" = "worker-$daemon" ]
}

# The one test here that is about time: a moment in the middle of whatever goes on.
exec 7<> <(:)
passes () { read -rt "$(printf '0.%03d' "$1")" -u 7; }

# grown PROCESS NAME: threads, descriptors and memory (KB) of a process, into the words of $now.
size_of () {
    now=("$(ls "/proc/$1/task" | wc -l)" "$(ls "/proc/$1/fd" | wc -l)" "$(awk '/^VmRSS/ { print $2 }' "/proc/$1/status")")
}

kinds=(worker zygote executor pause cache)
for ((round = 0; round < ${STORM:-15}; round++)); do
    kind=${kinds[round % 5]} node=$((1 + RANDOM % 3))
    if ((round % 2)); then
        expected=sorted
        begins sort lines --partitions 6 --chunk 512k
    else
        expected=greens
        begins grep --pattern green lines --chunk 512k
    fi
    passes $((RANDOM % 700))
    strikes "$kind" "$node"
    wait "$client"
    code=$?
    if [ "$code" -eq 0 ] && cat out/part-* | cmp - "$expected" > "$work/diff" 2>&1; then
        pass "$round: $kind of node $node"
    else
        fail "$round: $kind of node $node: exit code $code: $(tail -1 "$work/stderr") $(cat "$work/diff")"
    fi
    case $kind in worker|zygote) holds "$round: it begins anew, on a clean floor" again "$node" ;; esac
done

# A folder of a worker that a power cut has ended, whose number is a living process's now; and that of a living one.
kill -TERM "${worker[1]}"
ends "${worker[1]}" 0
mkdir -p "$work/pi1/scratch/worker-$$/job-1"
echo old > "$work/pi1/scratch/worker-$$/job-1/segment-0-1-1"
holds 'what a power cut has left goes' again 1

# ---- calm: nothing grows

head=$(child "$master")
calm () {
    local i
    for ((i = 0; i < $1; i++)); do
        on me run grep --pattern green lines -o - --chunk 1M --master localhost --quiet
        [ "$code" -eq 0 ] || return 1
    done
}
holds 'some jobs' calm 5
for process in "$head" "${worker[@]}"; do
    size_of "$process"
    before[process]="${now[*]}"
done
holds 'and more' calm "${STORM:-15}"
for process in "$head" "${worker[@]}"; do
    read -r threads files memory <<< "${before[process]}"
    size_of "$process"
    holds "process $process does not grow ($threads threads, $files descriptors, $memory KB; now ${now[*]})" \
        test "${now[0]}" -le "$threads" -a "${now[1]}" -le $((files + 4)) -a "${now[2]}" -le $((memory + 8192))
done
for node in 1 2 3; do
    kill -TERM "${worker[node]}"
    holds "node $node ends" ends "${worker[node]}" 0
done
holds 'nothing is left in memory or scratch' test -z "$(find "$shm" "$work"/pi*/scratch -mindepth 1)"
