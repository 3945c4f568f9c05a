#!/bin/bash
# cluster_disks: the head's disk is full, fails, or is cleared while it works: jobs end right or with one line, nodes stay, nothing is left.
# shellcheck disable=SC1091,SC2154,SC2034  # common.sh and cluster.sh set work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build}
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
mkfifo "$work/started" "$work/go"
cd "$work" || exit 1
printf 'a b\n' > data/in.txt
printf 'a\t1\nb\t1\n' > expected

if ! "${CC:-cc}" -shared -fPIC -O1 -o sick.so "$SRC/tests/system/sick.c" -ldl 2> stderr; then
    fail "the library that fails does not compile: $(head -1 stderr)"
    exit
fi

# gate OUT: a job that waits in its map, in the background: its client in $client.
gate () {
    RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/me/racimo.conf "$RACIMO" run "$jobs/gate.c" data/in.txt --started "$work/started" --go "$work/go" \
        -o "$work/data/$1" --cluster > gate.out 2> gate.err < /dev/null &
    client=$!
    timeout 20 cat started > pid || fail "$1: its map has not begun: $(tail -1 gate.err)"
}
# ended STATUS PATTERN: the job goes on, and its client ends so.
ended () {
    timeout 20 tee go <<< go > stdout
    timeout 20 tail -s 0.02 --pid="$client" -f /dev/null
    wait "$client"
    code=$?
    cp gate.err stderr
    [ "$code" -eq "$1" ] && grep -Eq "$2" gate.err
}
clean () { [ -z "$(find data -name '.*racimo*')" ]; }
result () { cat "$1"/part-* | sort | cmp -s - expected; }
count () { on me run wordcount data/in.txt -o "$work/data/$1" --cluster; }
# again CALL ERROR PATTERN: another head, whose disk fails so.
again () {
    kill "$master"
    wait "$master"
    SICK="$*" LD_PRELOAD=$work/sick.so starts head master
    master=$daemon
    says head 'pi1 has come'
}

if cluster 1; then pass 'a cluster'; else fail "a cluster: $(tail -1 stderr)"; exit; fi

# ---- the state folder is cleared

gate one
rm -rf head/state
holds 'a job goes on when the state is cleared' ended 0 'in .*/data/one$'
holds 'the head says so' says head 'state/nodes was gone: it is written again'
count two
fine 'and the next one runs'
holds 'with its result' result data/two
sed 's/about/about/' "$SRC/jobs/wordcount.c" > own.c
echo '// another one' >> own.c
on me run own.c data/in.txt -o - --cluster
fine 'sources that are new to it, and a result that is fetched'
holds 'whole' cmp -s <(sort stdout) expected
on me jobs
holds 'it knows its jobs' grep -q '3 *done' stdout
again none 5 none
holds 'nodes are let in by the next head' test -n "$master"
on me jobs
holds 'which knows the jobs since' grep -q '3 *done' stdout

# ---- the folder of the result goes

mkdir data/sub
gate sub/three
rm -rf data/sub
holds 'no folder for the result any more: one line' ended 5 '^racimo: .*/data/sub'
mkdir data/sub
gate sub/four
rm -rf data/sub/.four.racimo-*
holds 'nor its hidden one' ended 5 '^racimo: .*/data/sub'
holds 'nothing is left' clean

# ---- full, and failing

again write 28 '*/state/*'
count five
fine 'the state is full: a job runs'
holds 'with its result, once more' result data/five
holds 'the head says what is missing' says head 'not in the history: .*No space left on device'
echo '// and another' >> own.c
on me run own.c data/in.txt -o "$work/data/six" --cluster
refused 'new sources find no room' 1 'state/bundles.*No space left on device'
on me run wordcount data/in.txt -o - --cluster
refused 'nor does a result that is to be fetched' 5 'state/results.*No space left on device'

again write 28 '*/joined'
on me run wordcount data/in.txt -o "$work/data/seven.txt" --cluster
refused 'full at the commit of a file' 5 'joined: cannot write: No space left on device'
again fsync 5 '*/_SUCCESS'
count eight
refused 'an error at the last sync' 5 '_SUCCESS: cannot sync: Input/output error'
holds 'nothing is left of either' clean
holds 'and no result' test ! -e data/seven.txt -a ! -e data/eight

kill "$master"
holds 'the head ends' ends "$master" 0
