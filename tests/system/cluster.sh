# cluster: what the tests of clusters share: machines that are configurations, keys and folders of their own, all of one plain user on
# loopback. Sourced behind common.sh.
# shellcheck shell=bash disable=SC2034,SC2154  # the scripts use what is set here; common.sh sets work, code, ...

# Nobody asks the real network whether there is a head.
export RACIMO_CLUSTER_BEACON=0

# Three ports in a row where nobody listens.
choose_ports () {
    local port
    port=$(free_ports)
    control=$port data=$((port + 1)) door=$((port + 2))
}

# on MACHINE WORDS...: racimo as that machine; exit status in $code, what it said in $work/stdout and $work/stderr.
on () {
    local machine=$1
    shift
    mkdir -p "$work/$machine"
    RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/$machine/racimo.conf timeout -k 5 60 "$RACIMO" "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null
    code=$?
}

# starts MACHINE WORDS...: the same as a daemon; its process in $daemon, what it says in MACHINE.log.
starts () {
    local machine=$1
    shift
    : > "$work/$machine.log"
    RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/$machine/racimo.conf "$RACIMO" "$@" 2>> "$work/$machine.log" < /dev/null &
    daemon=$!
}

# heard FILE PATTERN: waits until a file has a line like that, and says so if it does not within 20 seconds.
heard () {
    [ -e "$1" ] || : > "$1"
    grep -Eqm1 -- "$2" < <(exec timeout 20 tail --pid=$$ -n +1 -s 0.02 -f "$1" 2> /dev/null) && return
    echo "$1 does not say /$2/ but: $(tail -2 "$1" | tr '\n' '|')" > "$work/stderr"
    return 1
}
says () { heard "$work/$1.log" "$2"; }

# ends PROCESS CODE: it ends by itself, with that status.
ends () {
    local status
    timeout 20 tail -s 0.05 --pid="$1" -f /dev/null
    wait "$1"
    status=$?
    echo "status $status" > "$work/stderr"
    [ "$status" -eq "$2" ]
}

# back N OPTIONS...: the worker of node N once more.
back () {
    local node=$1
    shift
    starts "pi$node" worker "$@"
    worker[node]=$daemon
    says "pi$node" 'is worker'
}

# random_lines N: so many, the same at each call.
random_lines () {
    awk -v lines="$1" 'BEGIN { srand (7); for (i = 0; i < lines; i++) printf "%d %x %x %s\n", rand () * 1e9, rand () * 1e9, i * 7919 % 2000003, i % 5 ? "grey" : "green" }'
}

result=$work/data/out                                   # of a job, on the head

# begins WORDS...: a job in the background, as a client of its own; its process in $client, its result in $result.
begins () {
    rm -rf "$result"
    RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/me/racimo.conf timeout -k 5 60 "$RACIMO" run "$@" -o "$result" --master localhost --quiet \
        > "$work/stdout" 2> "$work/stderr" < /dev/null &
    client=$!
}

# Bytes that the last job, with its result there, has moved over the network.
moved () { python3 -c "import json, sys; print (json.load (open (sys.argv [1])) ['streamed_bytes'])" "$result/_job.json"; }

# same NAME WORDS...: on the cluster what a local run gives: its parts joined, and its rejected rows.
same () {
    local name=$1
    shift
    rm -rf "$work/local" "$result"
    run "$@" -o "$work/local" --quiet
    [ "$code" -eq 0 ] || fail "$name: does not run here: $(tail -1 "$work/stderr")"
    on me run "$@" -o "$result" --master localhost --quiet
    if [ "$code" -ne 0 ]; then
        fail "$name: exit code $code: $(tail -1 "$work/stderr")"
    elif ! joined "$result" | cmp - <(joined "$work/local") > "$work/diff" 2>&1; then
        fail "$name: $(head -3 "$work/diff" | tr '\n' '|')"
    else
        pass "$name"
    fi
}
joined () { cat "$1"/part-*; [ ! -d "$1/_rejected" ] || cat "$1"/_rejected/*; }

# fine NAME: the last `on` went well.   refused NAME CODE PATTERN: it ended with CODE and one line like that, whatever else a daemon said before.
fine () { holds "$1" test "$code" -eq 0; }
refused () {
    if [ "$code" -ne "$2" ] || [ "$(grep -vc ': looks for the head' "$work/stderr")" -ne 1 ] || ! grep -Eq -- "$3" "$work/stderr"; then
        fail "$1: status $code, not $2, or not one line like /$3/: $(head -3 "$work/stderr" | tr '\n' '|')"
    else
        pass "$1"
    fi
}

# The word that the last command printed.
word () { sed -n 's/.*racimo cluster join //p' "$work/stdout"; }

# cluster WORKERS: a head without slots of its own, nodes pi1, pi2, ... with two slots, and a client "me", all over encrypted connections.
# Clients may read and write below $work.
cluster () {
    local tokens i
    choose_ports
    on head cluster init --name lab --head localhost --roots "$work" --control "$control" --data "$data" --door "$door" --listen 127.0.0.1 \
        --head-slots 0 || return 1
    [ "$code" -eq 0 ] || return 1
    starts head master
    master=$daemon
    says head 'ready: control port' || return 1
    on head cluster token --uses 9
    tokens=$(word)
    for ((i = 1; i <= $1; i++)); do
        on "pi$i" cluster join "$tokens" --node "pi$i" --slots 2 --memory 128M
        [ "$code" -eq 0 ] || return 1
        starts "pi$i" worker
        worker[i]=$daemon
        says "pi$i" 'is worker' || return 1
    done
    on head cluster token --client
    on me cluster join "$(word)" --node laptop
    [ "$code" -eq 0 ]
}
