#!/bin/bash
# A cluster on four nodes (see net.sh): the results of every job, with a shared disk and without, whoever comes and goes meanwhile; what goes
# over the wire and how fast; who is refused. Without CLUSTER: what takes a moment. CLUSTER=full: all of it, with figures (make check-cluster);
# CLUSTER=NAME: the parts whose names hold NAME.
# shellcheck disable=SC1091,SC2154,SC2016  # common.sh and net.sh set work, net, code, ...; scripts for nodes are not expanded here
. "$SRC/tests/system/net.sh"
net_enter "$@"
. "$SRC/tests/system/common.sh"
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
    cp "$jobs/$1.c" "$net/me/tmp"
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
    rac head cluster revoke pi1
    holds 'a revoked node is told' net_await 20 grep -qE 'refuse|revoked' "$(net_log pi1 worker)"
    net_stop pi1 worker KILL
    cluster_end refusals
}

# ---- what no peer should do

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
    if [ "$most" -le 262144 ]; then pass "$name: memory stays below 256 MB"; else fail "$name: a daemon has taken $((most / 1024)) MB"; fi
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
    for name in garbage bodies frames oversize stolen; do
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
# Figures

# watched COMMAND...: with a look at all counters every 50 ms in $work/watched: time, then bytes out of and into each port.
watched () {
    python3 -c '
import sys, time
while True:
    row = [time.monotonic ()]
    for line in open ("/proc/net/dev"):
        if line.strip ().startswith ("to-"):
            word = line.replace (":", " ").split ()
            row += [word [0], int (word [1]), int (word [9])]
    print (*row, flush = True)
    time.sleep (0.05)' > "$work/watched" &
    local watcher=$!
    "$@"
    kill "$watcher"
    wait "$watcher" 2> /dev/null
}

# speed out|in NODE...: bytes a second of these ports together, between the moments when 3 % and 97 % of all had passed; into $speed, bytes into $moved.
speed () {
    read -r speed moved < <(python3 -c '
import sys
way, ports = sys.argv [1], set ("to-" + name for name in sys.argv [2:])
rows = []
for line in open ("watched"):
    word = line.split ()
    if len (word) < 4: continue
    rows.append ((float (word [0]), sum (int (word [i + (1 if way == "out" else 2)]) for i in range (1, len (word) - 2, 3) if word [i] in ports)))
first, last = rows [0] [1], rows [-1] [1]
part = [r for r in rows if first + 0.03 * (last - first) <= r [1] <= first + 0.97 * (last - first)]
seconds = part [-1] [0] - part [0] [0] if len (part) > 1 else 0
part = part or rows [:1]
print (int ((part [-1] [1] - part [0] [1]) / seconds) if seconds else 0, last - first)' "$@")
}

# CPU seconds, in hundredths, that the daemons and their children have used.
used () {
    local pid sum=0 fields
    for pid in $(marked); do
        fields=$(sed 's/.*) //' "/proc/$pid/stat" 2> /dev/null) || continue
        # shellcheck disable=SC2086  # fields are words
        set -- $fields
        sum=$((sum + ${12} + ${13}))
    done
    echo "$sum"
}

# What this machine's CPUs did between the two, in percent of all of them: $busy says it, $idle is what was left.
cpu_times () { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8, $5 + $6 }' /proc/stat; }
busy_begin () { read -r cpu_worked cpu_idled < <(cpu_times); cpu_ours=$(used); }
busy_end () {
    local worked idled all
    read -r worked idled < <(cpu_times)
    all=$((worked - cpu_worked + idled - cpu_idled))
    idle=$(((idled - cpu_idled) * 100 / (all ? all : 1)))
    busy="CPUs: $((($(used) - cpu_ours) * 100 / (all ? all : 1))) % for the cluster, $idle % idle"
}

# atleast NAME FIGURE WANTED UNIT
atleast () {
    echo "FIGURE $1: $2 $4 (wanted: at least $3)"
    if [ "$2" -ge "$3" ]; then pass "$1"; else fail "$1: $2 $4, wanted at least $3"; fi
}
atmost () {
    echo "FIGURE $1: $2 $4 (wanted: at most $3)"
    if [ "$2" -le "$3" ]; then pass "$1"; else fail "$1: $2 $4, wanted at most $3"; fi
}

run_for () {                                            # the same with its milliseconds in $took
    local from
    from=$(date +%s%N)
    rac me run "$@" --master head -o /srv/data/out --overwrite
    took=$((($(date +%s%N) - from) / 1000000))
    [ "$code" -eq 0 ] || fail "racimo run $*: $(tail -1 stderr)"
}

# 1gbit carries 957 Mbit/s of messages.
link_use () {
    local megabytes=${MEGABYTES:-1000} link=119600000 first second before
    cluster apart 1 pi1 pi2 pi3
    head -c "${megabytes}M" /dev/urandom > "$net/shared/noise"
    watched run_for grep /srv/data/noise --pattern zzzzzzzz --count
    speed out head
    first=$took
    atleast 'incompressible data: of the link, in percent' $((speed * 100 / link)) 90 %
    before=$moved
    watched run_for grep /srv/data/noise --pattern zzzzzzzz --count
    speed out head
    second=$took
    atmost 'the second job moves, of the first in permille' $((moved * 1000 / before)) 50 permille
    atleast 'the second job is as fast, in percent of the first' $((first * 100 / second)) 300 %
    watched run_for grep /srv/data/noise --pattern zzzzzzzz --count --chunk 3M
    speed out head
    atmost 'with another chunk size it moves, of the first in permille' $((moved * 1000 / before)) 50 permille
    for ((i = 0; i < megabytes * 2; i++)); do cat "$data/opticks.txt"; done 2> /dev/null | head -c "${megabytes}M" > "$net/shared/prose"
    rac me run wordcount /srv/data/opticks.txt --master head -o /srv/data/out --overwrite
    busy_begin
    watched run_for wordcount /srv/data/prose
    busy_end
    echo "FIGURE text: $(tail -1 stderr); $busy"
    if [ "$idle" -lt 10 ] && [ $((megabytes * 1048576 / took / 1000)) -lt 290 ]; then
        echo "SKIP text: this machine's CPUs were the limit, not the link: $((megabytes * 1048576 / took / 1000)) MB/s"
    else
        atleast 'text: megabytes a second' $((megabytes * 1048576 / took / 1000)) 290 MB/s
    fi
    cluster_end 'link use'
}

# What encryption costs: the same stream with it and without.
streaming () {
    local megabytes=${MEGABYTES:-400} security before
    for security in curve none; do
        if [ "$security" = curve ]; then
            cluster apart 1 pi1 pi2 pi3
        else
            rac_settings=(RACIMO_CLUSTER_SECURITY=none RACIMO_CLUSTER_HEAD=head RACIMO_MASTER_ROOTS=/srv/data RACIMO_MASTER_HEAD_SLOTS=0)
            net_up apart pi1 pi2 pi3 me
            daemon head master
            for node in pi1 pi2 pi3; do daemon "$node" worker --slots 1 --memory 256M; done
        fi
        head -c "${megabytes}M" /dev/urandom > "$net/shared/noise"
        cp "$data/opticks.txt" "$net/shared"
        rac me run grep /srv/data/opticks.txt --pattern zzzzzzzz --count --master head -o /srv/data/out      # compiles it
        before=$(used)
        run_for grep /srv/data/noise --pattern zzzzzzzz --count
        echo "FIGURE streaming, security $security: $((($(used) - before) * 1000 / megabytes)) CPU centiseconds a GB, in $took ms"
        cluster_end "streaming, security $security"
        rac_settings=()
    done
}

# Tasks that do nothing: files of two bytes.
dispatch () {
    local files=20000 i
    cluster shared 2 pi1 pi2
    mkdir "$net/shared/many"
    for ((i = 0; i < files; i++)); do echo x > "$net/shared/many/$i"; done
    rac me run grep /srv/data/many/1 --pattern y --count --master head -o /srv/data/out
    busy_begin
    run_for grep /srv/data/many --pattern y --count
    busy_end
    i=$(sed -n 's/.*"map": *\([0-9.]*\).*/\1/p' "$net/shared/out/_job.json" | head -1)
    echo "FIGURE dispatch: $files tasks in $i s; $busy"
    atleast 'tasks a second' "$(awk -v files=$files -v seconds="$i" 'BEGIN { printf "%d", files / seconds }')" 5000 tasks
    cluster_end dispatch
}

shuffle () {
    local megabytes=${MEGABYTES:-400} node
    cluster shared 1 pi1 pi2 pi3
    python3 -c '
import random, sys
r = random.Random (3)
for i in range (int (sys.argv [1]) * 10000):
    sys.stdout.write ("%0100x\n" % r.getrandbits (400))' "$megabytes" | head -c "${megabytes}M" > "$net/shared/lines"
    for node in pi1 pi2 pi3; do net_rate "$node" 200mbit; done
    limit=300 watched run_for sort /srv/data/lines
    speed in pi1 pi2 pi3
    atleast 'sort: of three links of 200 Mbit, between first and last fetch' $((speed * 100 / 70500000)) 80 %
    cluster_end shuffle
}

uneven () {
    local node
    net_up shared pi1 pi2 pi3
    if ! { net_cpu pi1 50 && net_cpu pi2 50 && net_cpu pi3 12; }; then
        echo "SKIP uneven nodes: no control groups here"
        net_down
        return
    fi
    net_add apart me
    rac head cluster init --name lab --head head --roots /srv/data --head-slots 0
    daemon head master
    for node in pi1 pi2 pi3; do join "$node" --slots 1; done
    rac me cluster join "$(token --client)"
    run_for pi --samples 20000000                       # compiles, and learns the speeds
    # Two measures: with the shares that the nodes are allowed, which a busy machine may not give them; and with what they turned out to do.
    local cost try best=1000 share
    cost=$(TIMEFORMAT=%U; { time "$RACIMO" run pi --samples 1000000000 --slots 1 --quiet -o here.pi 2> stderr; } 2>&1)
    for try in 1 2 3; do
        limit=300 run_for pi --samples 1000000000
        share=$(python3 -c '
import json, sys
job = json.load (open (sys.argv [1]))
speed = sum (node ["attempts"] / node ["task_seconds"] for node in job ["nodes"] if node ["task_seconds"])
print (int (100 * job ["wall_seconds"] ["all"] / (job ["attempts"] / speed)))' "$net/shared/out/_job.json")
        echo "FIGURE uneven nodes, run $try: $share % of what their speeds together need; $(awk -v cost="$cost" -v took="$took" \
            'BEGIN { printf "%d", took / 10 / (cost / 1.12) }') % of what 1.12 free cores would need"
        [ "$share" -ge "$best" ] || best=$share
    done
    atmost 'uneven nodes: time in percent of the ideal share' "$best" 115 %
    cluster_end 'uneven nodes'
}

crowd () {
    local i from
    cluster shared 1 pi1 pi2 pi3
    stock
    rac me run wordcount /srv/data/opticks.txt --master head -o /srv/data/out --overwrite --quiet
    from=$(date +%s%N)
    for i in 1 2 3 4; do
        rac_as run
        net_run me timeout 200 sh -c 'user=$1; shift; for i in $(seq 50); do "$@" run wordcount /srv/data/opticks.txt --master head --quiet -o /srv/data/many-$user-$i || echo failed; done' \
            sh "$i" "${rac_words[@]:0:${#rac_words[@]}-1}" > "crowd.$i" 2>&1 &
        crowd[i]=$!
    done
    for i in 1 2 3 4; do wait "${crowd[i]}"; done
    echo "FIGURE 200 small jobs of four clients: $((($(date +%s%N) - from) / 1000000)) ms"
    if [ -z "$(cat crowd.?)" ]; then pass '200 jobs end well'; else fail "200 jobs: $(sort crowd.? | uniq -c | head -3)"; fi
    good=0
    for i in "$net"/shared/many-*; do cat "$i"/part-* | cmp -s - "$data/expected/opticks.wordcount.tsv" && good=$((good + 1)); done
    atleast '200 jobs with the right bytes' "$good" 200 jobs
    cluster_end crowd
}

idle () {
    local before pid kilobytes most=0
    cluster shared 1 pi1
    stock
    rac me run wordcount /srv/data/opticks.txt --master head -o /srv/data/out --quiet
    before=$(used)
    tail -s 10 --pid=$$ -f /dev/null &
    read -rt 20 _ <> <(:)
    kill %%
    atmost 'idle master and worker for 20 s: CPU centiseconds' $(($(used) - before)) 20 cs
    for pid in $(marked); do
        kilobytes=$(awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2> /dev/null)
        [ "${kilobytes:-0}" -le "$most" ] || most=$kilobytes
    done
    atmost 'the largest idle process' "$most" 25600 kB
    cluster_end idle
}

# ----------------------------------------------------------------------------------------------------------------------

short='results comings secrets refusals hostile'
long='arm64 link_use streaming shuffle uneven crowd idle dispatch'
case ${CLUSTER:-} in
    '') parts=$short ;;
    full) parts="$short $long" ;;
    *) parts=$(for part in $short $long; do [[ $part != *"$CLUSTER"* ]] || echo "$part"; done) ;;
esac
for part in $parts; do
    "$part"
done
