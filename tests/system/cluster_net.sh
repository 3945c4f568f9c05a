#!/bin/bash
# A cluster on four nodes (see net.sh): the results of every job, with a shared disk and without, whoever comes and goes meanwhile; what goes
# over the wire and how fast; who is refused. Without CLUSTER: what takes a moment. CLUSTER=full: all of it, with figures (make check-cluster);
# CLUSTER=NAME: the parts whose names hold NAME.
# shellcheck disable=SC1091,SC2154,SC2016  # common.sh and net.sh set work, net, code, ...; scripts for nodes are not expanded here
. "$SRC/tests/system/net.sh"
net_enter "$@"
. "$SRC/tests/system/common.sh"
. "$SRC/tests/system/cluster_figures.sh"
. "$SRC/tests/system/cluster_travel.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build}
data=$SRC/data
cd "$work" || exit 1

# ----------------------------------------------------------------------------------------------------------------------
# A cluster

rac_words=()                                            # set by rac_as
rac_settings=()                                         # for all nodes, as RACIMO_SECTION_NAME=VALUE
rac_as () { rac_words=(env "${rac_settings[@]}" RACIMO_CONFIG=/tmp/home/racimo/racimo.conf RACIMO_TEST_MARK="$mark" RACIMO_HOME="$RACIMO_HOME" "$RACIMO" "$@"); }

# rac NODE WORDS...: racimo there; its status in $code, what it said in stdout and stderr.
rac () {
    local node=$1
    shift
    rac_as "$@"
    net_run "$node" timeout -k 5 "${limit:-120}" "${rac_words[@]}" > stdout 2> stderr < /dev/null
    code=$?
}

# daemon NODE master|worker WORDS...: and waits until it is in place.
daemon () {
    local node=$1 what=$2
    shift 2
    rac_as "$what" "$@"
    net_start "$node" "$what" "${rac_words[@]}"
    net_await 20 grep -qE ': ready|is worker' "$(net_log "$node" "$what")" || fail "$what of $node: $(tail -1 "$(net_log "$node" "$what")")"
}

token () { rac head cluster token "$@" && sed -n 's/.*racimo cluster join //p' stdout; }

join () {                                               # NODE WORDS... of its worker
    local node=$1 token
    shift
    token=$(token)
    rac "$node" cluster join "$token"
    [ "$code" -eq 0 ] || fail "$node cannot join: $(tail -1 stderr)"
    daemon "$node" worker --memory 256M "$@"
}

# cluster shared|apart SLOTS NODE...: a head without slots, nodes with so many each, a user "me" on a machine of their own.
cluster () {
    local sharing=$1 slots=$2 node
    shift 2
    net_up "$sharing" "$@"
    net_add apart me
    rac head cluster init --name lab --head head --roots /srv/data --head-slots 0
    [ "$code" -eq 0 ] || fail "cluster init: $(tail -1 stderr)"
    daemon head master
    for node in "$@"; do
        join "$node" --slots "$slots"
    done
    rac me cluster join "$(token --client)"
    [ "$code" -eq 0 ] || fail "a client cannot join: $(tail -1 stderr)"
}

# An end in good order: daemons end at SIGTERM with status 0, and nothing of a job is left on any node.
cluster_end () {                                        # NAME
    local node left
    for node in "${net_names[@]}"; do
        for what in worker master; do
            [ -z "${net_job[$node/$what]:-}" ] || net_stop "$node" "$what" || fail "$1: $what of $node ends with status $?: $(tail -1 "$(net_log "$node" "$what")")"
        done
    done
    left=$(find "$net"/*/tmp "$net/shared" \( -name '.*racimo*' -o -path '*/scratch/*' \) | head -3 | tr '\n' ' ')
    if [ -z "$left" ]; then pass "$1: nothing is left"; else fail "$1: leaves $left"; fi
    net_down
}

# ----------------------------------------------------------------------------------------------------------------------
# Results

same () {                                               # NAME EXPECTED: of the last run, in /srv/data/out
    if [ "$code" -ne 0 ]; then
        fail "$1: exit code $code: $(tail -1 stderr)"
    elif cat "$net"/shared/out/part-* | cmp -s - "$2"; then
        pass "$1"
    else
        fail "$1: $(cat "$net"/shared/out/part-* | cmp - "$2" 2>&1)"
    fi
}

# asks NAME ARGUMENTS...: of racimo run; the result is what a run on this machine gives.
asks () {
    local name=$1
    shift
    local here=("${@//\/srv\/data/$net/shared}")
    rm -rf here
    "$RACIMO" run "${here[@]}" -o here --quiet 2> stderr < /dev/null || { fail "$name, on one machine: $(tail -1 stderr)"; return; }
    cat here/part-* > expected
    rac me run "$@" --master head -o /srv/data/out --overwrite
    same "$name" expected
}

stock () {                                              # puts data on the shared disk
    cp "$data"/*.txt "$data"/*.csv "$net/shared"
    "$generate" words 5 60000 > "$net/shared/text"
    awk 'BEGIN { srand (7); for (i = 0; i < 100000; i++) printf "%c%d;%s%.*fe%d\n", 97 + int (rand () * 26), i % 97,
        rand () < 0.5 ? "-" : "", 1 + int (rand () * 17), rand (), int (rand () * 80) - 40 }' > "$net/shared/numbers"
    gzip -c "$data/opticks.txt" > "$net/shared/opticks.gz"
}

all_jobs () {                                           # NAME
    asks "$1: wordcount" wordcount /srv/data/opticks.txt /srv/data/text --chunk 64K
    asks "$1: wordcount of a .gz" wordcount /srv/data/opticks.gz
    asks "$1: stations" stations /srv/data/numbers --chunk 128K
    asks "$1: groupby" groupby /srv/data/birdstrikes.csv --by state,size --agg count,sum:cost,mean:speed,min:speed,max:speed --chunk 64K
    asks "$1: groupby of long sums" groupby /srv/data/numbers --no-header --delimiter ';' --by 1 --agg count,sum:2,mean:2,min:2,max:2 --chunk 128K
    asks "$1: grep" grep /srv/data/opticks.txt --regex '^[A-Z][a-z]+.*(red|blue)' --chunk 64K
    asks "$1: sort" sort /srv/data/text --chunk 256K
    asks "$1: sort by numbers" sort /srv/data/numbers --by 2 --separator ';' --numeric --reverse --chunk 128K
    asks "$1: pi" pi --samples 1000000
}

results () {
    local sharing
    for sharing in shared apart; do
        cluster "$sharing" 1 pi1 pi2 pi3
        stock
        all_jobs "$sharing"
        rac me run wordcount /srv/data/opticks.txt --master head -o - --quiet
        if [ "$code" -eq 0 ] && cmp -s stdout "$data/expected/opticks.wordcount.tsv"; then pass "$sharing: a result on the screen"; else fail "$sharing: a result on the screen: $code $(tail -1 stderr)"; fi
        cluster_end "$sharing"
    done
}

# ---- nodes that come and go

# waiting JOB: one that stands still where a test wants it: gate (in its first maps) or pause (in its first reduces). Its client is "client".
waiting () {
    rm -f "$net/shared/started" "$net/shared/go"
    mkfifo "$net/shared/started" "$net/shared/go"
    cp "$jobs/$1.c" "$jobs/stand.h" "$net/me/tmp"
    exec {started}<> "$net/shared/started"
    rac_as run "/tmp/$1.c" --started /srv/data/started --go /srv/data/go --master head -o /srv/data/out --overwrite /srv/data/text --chunk 64K
    net_start me client "${rac_words[@]}"
    read -rt 60 -u "$started" _ || fail "the job that waits does not begin: $(tail -1 "$(net_log me client)")"
}
released () {                                           # NAME: goes on to its end, which is what one machine gives
    exec {go}<> "$net/shared/go"                        # as long as it is open, nobody waits
    net_stop me client 0                                # no signal: it ends by itself
    code=$?
    exec {go}>&- {started}>&-
    cp "$(net_log me client)" stderr
    same "$1" waiting.expected
}
# listed NODE, missed NODE: waits until the master counts on it, or does not any more.
listed () { net_await 60 eval "rac head nodes; grep -q '^$1 .*ready' stdout" || fail "$1 is not listed: $(cat stdout)"; }
missed () { net_await 60 eval "rac head nodes; ! grep -q '^$1 .*ready' stdout" || fail "$1 is not missed: $(cat stdout)"; }

comings () {
    local job
    cluster shared 1 pi1 pi2
    stock
    for job in gate pause; do
        [ -p go.here ] || mkfifo go.here started.here
        exec {go}<> go.here {started}<> started.here
        "$RACIMO" run "$jobs/$job.c" "$net/shared/text" -o here --overwrite --quiet --chunk 64K --started "$work/started.here" --go "$work/go.here" 2> stderr
        exec {go}>&- {started}>&-
        cat here/part-* > waiting.expected
        waiting "$job"
        if [ "$job" = gate ]; then net_add shared pi3; join pi3 --slots 1; else daemon pi3 worker --slots 1 --memory 256M; fi
        released "$job: a node joins in the middle"
        waiting "$job"
        net_signal pi1 worker TERM
        released "$job: a node drains in the middle"
        holds "$job: the node that drained has ended well" net_stop pi1 worker 0
        waiting "$job"
        net_stop pi2 worker KILL
        released "$job: a node is killed in the middle"
        daemon pi1 worker --slots 1 --memory 256M
        daemon pi2 worker --slots 1 --memory 256M
        waiting "$job"
        net_cut pi3
        missed pi3
        released "$job: a node's plug is pulled in the middle"
        net_mend pi3
        listed pi3
        net_stop pi3 worker
    done
    cluster_end 'coming and going'
}

# ---- another CPU

arm64 () {
    local tools=$build/arm64/tools
    if [ ! -x "$tools/racimo" ]; then
        echo "SKIP a node of another CPU: make check-arm64 builds it"
        return
    fi
    cluster apart 1 pi1 pi2
    stock
    net_add apart pi4
    rac pi4 cluster join "$(token)"
    rac_as worker --slots 1 --memory 256M
    net_start pi4 worker env "${rac_words[@]:1:2}" RACIMO_HOME="$build/arm64/build" PATH="$tools:$PATH" "$tools/racimo" "${rac_words[@]:5}"
    net_await 30 grep -q 'is worker' "$(net_log pi4 worker)" || fail "a worker of another CPU: $(tail -1 "$(net_log pi4 worker)")"
    all_jobs 'x86-64 and aarch64'
    rac head nodes
    holds 'a node of each CPU' grep -q 'pi4 .*aarch64' stdout
    cluster_end 'another CPU'
}

# ----------------------------------------------------------------------------------------------------------------------
# Who may do what

secrets () {
    local key
    cluster apart 1 pi1 pi2
    for ((i = 0; i < 20000; i++)); do echo "TheSecretOfTheFile $i HiddenWord$((i % 50)) 0123456789abcdefghijklmnopqrstuvwxyz"; done > "$net/shared/secret"
    net_capture "$work/captured"
    asks 'a job while somebody listens' sort /srv/data/secret --chunk 128K
    sed 's/wordcount/SecretOfTheJob/' "$SRC/jobs/wordcount.c" > mine.c
    cp mine.c "$net/me/tmp/mine.c"
    rac me run /tmp/mine.c /srv/data/secret --master head -o /srv/data/out --overwrite
    if [ "$code" -eq 0 ]; then pass 'a job of my own'; else fail "a job of my own: $(tail -1 stderr)"; fi
    net_capture_end
    if [ "$(stat -c %s captured)" -gt 100000 ]; then pass 'somebody listens'; else fail 'nothing is captured'; fi
    for key in TheSecretOfTheFile HiddenWord SecretOfTheJob rac_emit opticks /srv/data submit secret; do
        if grep -aq -- "$key" captured; then fail "'$key' goes over the wire in plain"; else pass "'$key' is not seen on the wire"; fi
    done
    while read -r key; do
        if grep -aqF -- "$key" captured; then fail 'a secret key goes over the wire'; else pass 'a secret key is not seen'; fi
    done < <(sed -n 's/^secret //p' "$net"/*/tmp/home/racimo/keys/*.key)
    cluster_end secrets
}

refusals () {
    cluster apart 1 pi1
    stock
    rac me run wordcount /etc/passwd --master head -o /srv/data/out
    if [ "$code" -ne 0 ] && ! grep -q root: stdout && grep -qE '/srv/data|within|outside|below' stderr; then pass 'a file outside the roots is refused'; else fail "a file outside the roots: $code $(tail -1 stderr)"; fi
    ln -s /etc/passwd "$net/shared/link"
    rac me run wordcount /srv/data/link --master head -o -
    if [ "$code" -ne 0 ] && ! grep -q root stdout; then pass 'a link that leads outside is refused'; else fail "a link that leads outside: $code"; fi
    rac me run wordcount /srv/data/opticks.txt --master head -o /tmp/out
    if [ "$code" -ne 0 ] && [ ! -e "$net/head/tmp/out" ]; then pass 'a result outside the roots is refused'; else fail "a result outside the roots: $code"; fi

    # A key that was revoked; a client's key in the hands of a worker; a node that is revoked while it works.
    net_add apart stranger
    rac stranger cluster join "$(token --client)"
    rac stranger run wordcount /srv/data/opticks.txt --master head -o - --quiet
    if [ "$code" -eq 0 ]; then pass 'a second client'; else fail "a second client: $(tail -1 stderr)"; fi
    rac head cluster revoke root@stranger
    limit=30 rac stranger run wordcount /srv/data/opticks.txt --master head -o - --quiet
    if [ "$code" -eq 6 ] && [ ! -s stdout ] && grep -qE 'refuse|revoked' stderr; then
        pass 'a revoked client is refused, with the reason'
    else
        fail "a revoked client: $code $(tail -1 stderr)"
    fi
    net_add apart fake
    mkdir -p "$net/fake/tmp/home/racimo/keys"
    cp "$net/me/tmp/home/racimo/racimo.conf" "$net/fake/tmp/home/racimo/"
    cp "$net/me/tmp/home/racimo/keys/client.key" "$net/fake/tmp/home/racimo/keys/worker.key"
    rac_as worker --slots 1
    net_start fake worker "${rac_words[@]}"
    holds "a client's key does no work" net_await 20 grep -qE 'refuse|not a worker|role|client' "$(net_log fake worker)"
    holds 'and the master says so' net_await 20 grep -qiE 'client|refuse' "$(net_log head master)"
    net_stop fake worker KILL

    # Keys that the head has never seen: a node's and a client's of another cluster.
    net_run fake env RACIMO_CONFIG=/tmp/other/racimo.conf RACIMO_HOME="$RACIMO_HOME" "$RACIMO" cluster init --name other --head other > /dev/null
    cp "$net/fake/tmp/other/keys/"{worker,client}.key "$net/fake/tmp/home/racimo/keys/"
    net_start fake worker "${rac_words[@]}"
    holds 'an unknown node is told that its key is not known' net_await 20 grep -q 'does not know this key' "$(net_log fake worker)"
    holds 'and the head says whose key it was' net_await 20 grep -qF "$(cat "$net/fake/tmp/other/keys/worker.key.pub")" "$(net_log head master)"
    net_stop fake worker KILL
    limit=30 rac fake run wordcount /srv/data/opticks.txt --master head -o - --quiet
    if [ "$code" -eq 6 ] && [ ! -s stdout ] && grep -q 'does not know this key' stderr; then
        pass 'an unknown client is refused, with the reason'
    else
        fail "an unknown client: $code $(tail -1 stderr)"
    fi
    rac head cluster revoke pi1
    holds 'a revoked node is told' net_await 20 grep -qE 'refuse|revoked' "$(net_log pi1 worker)"
    net_stop pi1 worker KILL
    cluster_end refusals
}

# ---- what no peer should do

memory_most=262144                                      # kB of a daemon
! grep -qa __asan_init "$RACIMO" || memory_most=1048576 # the sanitizer holds back what was freed

# attack ATTACK PORT...: on the head, while a job runs; others must not notice, memory must stay, and the log must be short.
attack () {
    local name=$1 port log lines most attackers=()
    shift
    log=$(net_log head master)
    lines=$(wc -l < "$log")
    for port in "$@"; do
        net_run me python3 "$SRC/tests/system/hostile.py" "$name" head "$port" 2 > "attack.$port" 2>&1 &
        attackers+=($!)
    done
    limit=60 rac me run wordcount /srv/data/opticks.txt --master head -o /srv/data/out --overwrite --quiet
    same "$name: a job meanwhile" "$data/expected/opticks.wordcount.tsv"
    wait "${attackers[@]}"
    limit=60 rac me run wordcount /srv/data/opticks.txt --master head -o /srv/data/out --overwrite --quiet
    same "$name: a job afterwards" "$data/expected/opticks.wordcount.tsv"
    most=$(for pid in $(marked); do awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2> /dev/null; done | sort -n | tail -1)
    if [ "$most" -le "$memory_most" ]; then pass "$name: memory stays below $((memory_most / 1024)) MB"; else fail "$name: a daemon has taken $((most / 1024)) MB"; fi
    lines=$(($(wc -l < "$log") - lines))
    if [ "$lines" -le 40 ]; then pass "$name: the log stays short"; else fail "$name: $lines lines in the master's log, such as: $(tail -1 "$log")"; fi
}

hostile () {
    local name port
    cluster apart 1 pi1
    stock
    for name in garbage trickle connections plain; do
        attack "$name" 7700 7701 7702
    done
    cluster_end 'hostile peers'
    rac_settings=(RACIMO_CLUSTER_SECURITY=none RACIMO_CLUSTER_HEAD=head RACIMO_MASTER_ROOTS=/srv/data RACIMO_MASTER_HEAD_SLOTS=0)
    net_up apart pi1 me
    stock
    daemon head master
    daemon pi1 worker --slots 1 --memory 256M
    for name in garbage bodies frames oversize stolen endless mute; do
        attack "$name" 7700 7701
    done
    # What it hears is told ten times a second, and then how often it was not: an attack alone in its second is seen in the log.
    for name in bodies frames; do
        for port in 7700 7701; do
            net_stop head master
            daemon head master
            net_run me python3 "$SRC/tests/system/hostile.py" "$name" head "$port" 1
            holds "$name at $port: told by address" net_await 5 grep -qE '^racimo master: (data server: )?10\.77\.0\.3: (unknown verb|not one frame|a message)' "$(net_log head master)"
        done
    done
    cluster_end 'hostile peers without encryption'
    rac_settings=()
}

# ----------------------------------------------------------------------------------------------------------------------

short='results comings secrets refusals hostile finding travels'
long='arm64 link_use streaming shuffle uneven crowd idle dispatch'
case ${CLUSTER:-} in
    '') parts=$short ;;
    full) parts="$short $long" ;;
    *) parts=$(for part in $short $long; do [[ $part != *"$CLUSTER"* ]] || echo "$part"; done) ;;
esac
for part in $parts; do
    "$part"
done
