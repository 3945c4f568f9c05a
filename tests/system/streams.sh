#!/bin/bash
# streams: a cluster whose nodes see nothing of the head's disk: input, segments and parts all go over encrypted connections, and the bytes are those of
# a local run, whatever happens to a node, a cache or the head meanwhile.
# shellcheck disable=SC1091,SC2154  # common.sh and cluster.sh set work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build} RACIMO_BLIND=1
cd "$work/data" || exit 1

# ---- what there is to read

cp "$SRC/data/opticks.txt" "$SRC/data/stations.txt" "$SRC/data/birdstrikes.csv" .
gzip -c opticks.txt > opticks.gz
mkdir many && split -n l/7 opticks.txt many/
random_lines 2000000 > lines
printf 'name,n\nx,1\nx,oops\ny,3\n' > bad.csv

# parts NAME FILE: the job in the background ends well, and its parts joined are FILE.
parts () {
    wait "$client"
    code=$?
    if [ "$code" -eq 0 ] && cat "$work"/data/out/part-* | cmp - "$2" > "$work/diff" 2>&1; then
        pass "$1"
    else
        fail "$1: exit code $code: $(tail -1 "$work/stderr") $(cat "$work/diff")"
    fi
    rm -rf "$work/data/out"
}

# The node whose executor waits: its zygote's parent is a worker.
node_of () {
    local zygote process i
    zygote=$(ps -o ppid= -p "$1" | tr -d ' ')
    process=$(ps -o ppid= -p "$zygote" | tr -d ' ')
    for i in "${!worker[@]}"; do [ "${worker[i]}" != "$process" ] || echo "$i"; done
}

# Whoever waits at the gate goes on, now and later. We hold a FIFO open ourselves, so nobody who tells waits, or writes to nobody.
let_go () { exec 8<> "$work/go"; }
hold_again () { exec 8>&-; while read -rt 0.01 -u 9; do :; done; }

holds 'the cluster is up' cluster 2

# ---- every sort of job

same 'wordcount' wordcount opticks.txt
same 'many files' wordcount many
same 'a packed file' wordcount opticks.gz
same 'stations' stations stations.txt
same 'groupby' groupby birdstrikes.csv --by state,size --agg count,sum:cost,min:speed
same 'groupby with a header in every file' groupby birdstrikes.csv --by phase --agg count --chunk 10000
same 'grep, which writes parts' grep lines --pattern green --chunk 1M
same 'sort, whose segments travel' sort lines --partitions 6
same 'sort by a number' sort lines --by 1 --numeric --separator ' '
same 'pi, which reads nothing' pi --samples 1000000
same 'rejected rows travel too' groupby bad.csv --by name --agg sum:n --max-rejects 5
on me run sort lines -o - --master localhost --quiet
if [ "$code" -eq 0 ] && LC_ALL=C sort lines | cmp -s - "$work/stdout"; then pass 'sort to standard output'; else fail "sort to standard output: $code $(tail -1 "$work/stderr")"; fi

# ---- the second time

size=$(stat -c %s lines)
same 'grep the same' grep lines --pattern grey --chunk 1M
# The second itself is held to 5 % by make check-cluster, on data of a real size. Here a single task that this machine made wait at its home moves
# 2 %, and is at home in both places afterwards.
for ((again = 0; again < 3 && $(moved) * 20 >= size; again++)); do same 'grep once more' grep lines --pattern grey --chunk 1M; done
holds "a job on known data moves less than 5 % ($(moved) of $size bytes)" test $(($(moved) * 20)) -lt "$size"

# ---- faults

gate=("$jobs/gate.c" --started "$work/started" --go "$work/go" lines --chunk 1M)
pause=("$jobs/pause.c" --started "$work/started" --go "$work/go" lines --partitions 8)
LC_ALL=C sort -u lines > "$work/sorted"
mkfifo "$work/started" "$work/go"
exec 9<> "$work/started"

begins "${gate[@]}"
read -rt 60 -u 9 slot
node=$(node_of "$slot")
kill -KILL "${worker[node]}"
let_go
parts 'a worker killed in the map phase' lines
hold_again
holds 'it comes again' back "$node"

begins "${pause[@]}"
read -rt 60 -u 9 slot
node=$((3 - $(node_of "$slot")))
kill -KILL "${worker[node]}"
let_go
parts 'a worker killed in the shuffle' "$work/sorted"
hold_again
holds 'it comes again too' back "$node"

begins "${pause[@]}"
read -rt 60 -u 9 slot
node=$((3 - $(node_of "$slot")))
kill -STOP "${worker[node]}"
let_go
parts 'a worker stopped in the shuffle' "$work/sorted"
hold_again
kill -CONT "${worker[node]}"
holds 'when it goes on it drops what it has and is welcome' says "pi$node" 'all work here is dropped'
holds 'and the head knows it again' heard "$work/pi$node.log" 'is worker ([5-9]|1[0-9]) of'

begins "${gate[@]}"
read -rt 60 -u 9 slot
node=$(node_of "$slot")
kill -TERM "${worker[node]}"
holds 'SIGTERM: it says that it ends later' says "pi$node" 'ends when nothing needs it'
let_go
parts 'a worker that drains' lines
hold_again
holds 'it ends well' ends "${worker[node]}" 0
back "$node"

# ---- while one map still waits, the segments of others are sealed, and a node fetches what it will reduce

late=("$jobs/late.c" --started "$work/started" --go "$work/go" "$work/data/late")
cat lines lines > late
echo wait >> late
(cat "$work/sorted"; echo wait) | LC_ALL=C sort -c 2> "$work/stderr" && (cat "$work/sorted"; echo wait) > "$work/distinct"
staged () { find "$work/pi$1" -name 'staged-*' -size +1M 2> "$work/stderr" | grep -q .; }
fetches () {                                            # NODE: within 10 seconds
    local due=$((SECONDS + 10))
    until staged "$1"; do
        [ "$SECONDS" -lt "$due" ] || { echo "pi$1 stages nothing" > "$work/stderr"; return 1; }
        read -rt 0.02 _ <> <(:)
    done
    return 0                                            # not read's
}

for victim in other waiting; do                         # the map that waits is the last, or the first that another node took from the end
    for _ in 1 2 3 4; do                                # a node that came late to the maps has no segment yet: then nobody knows what to fetch
        begins "${late[@]}"
        read -rt 60 -u 9 slot
        node=$(node_of "$slot")
        ! fetches "$node" || break
        let_go
        wait "$client"
        hold_again
    done
    holds 'a node fetches before all maps are done' staged "$node"
    holds 'and so does the other' fetches $((3 - node))
    [ "$victim" = waiting ] || node=$((3 - node))
    kill -KILL "${worker[node]}"
    let_go
    parts "and then the $victim one is killed" "$work/distinct"
    hold_again
    back "$node"
done
begins "${late[@]}"
read -rt 60 -u 9 slot
let_go
wait "$client"
holds 'what was fetched ahead is counted' test "$(moved)" -gt 1000000
parts 'and nobody is killed' "$work/distinct"
hold_again
rm late

# ---- caches

for i in 1 2; do
    kill -TERM "${worker[i]}"
    holds "node $i ends" ends "${worker[i]}" 0
    for file in "$work/pi$i"/cache/chunks/chunks-0/*.data "$work/pi$i"/*/chunks/chunks-0/*.data; do
        [ ! -e "$file" ] || printf 'rubbish' | dd of="$file" bs=1 seek=$((2 * 1048576 + 99)) conv=notrunc status=none
    done
    back "$i"
done
same 'blocks that were damaged on the disk' grep lines --pattern grey --chunk 1M
holds "only they came again ($(moved) bytes)" test "$(moved)" -gt 0 -a "$(moved)" -lt $((size / 2))

for i in 1 2; do
    kill -TERM "${worker[i]}"
    ends "${worker[i]}" 0
    starts "pi$i" worker --cache-size 8M
    worker[i]=$daemon
    says "pi$i" 'is worker'
done
same 'a cache much smaller than the input' sort lines

# ---- the head

begins "${gate[@]}"
read -rt 60 -u 9 slot
kill -KILL "$master"
wait "$client"
flock "$work/head/state/lock" true                      # its last process has gone
starts head master
master=$daemon
holds 'another master' says head ': ready'
let_go
holds 'node 1 comes again' heard "$work/pi1.log" 'all work here is dropped'
for i in 1 2; do
    holds "the head has node $i again" says head "pi$i has come"
done
hold_again
same 'and it works on' wordcount opticks.txt
