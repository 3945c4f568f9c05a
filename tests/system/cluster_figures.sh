# cluster_figures: the parts of cluster_net.sh that measure: what goes over a link and how fast, what a shuffle keeps busy, how uneven nodes share, what
# hundreds of small jobs and an idle cluster cost. Sourced by it; each part is a function. MEGABYTES=N: of data, where that can be chosen.
# shellcheck shell=bash disable=SC2034,SC2154,SC2016  # common.sh, net.sh and cluster_net.sh set work, net, code, ...; scripts for nodes are not expanded here

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

# What this machine's CPUs did between the two, in percent of all of them: $busy says it, $ours is the cluster's, $idle is what was left.
cpu_times () { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8, $5 + $6 }' /proc/stat; }
busy_begin () { read -r cpu_worked cpu_idled < <(cpu_times); cpu_ours=$(used); }
busy_end () {
    local worked idled all
    read -r worked idled < <(cpu_times)
    all=$((worked - cpu_worked + idled - cpu_idled))
    idle=$(((idled - cpu_idled) * 100 / (all ? all : 1)))
    ours=$((($(used) - cpu_ours) * 100 / (all ? all : 1)))
    busy="CPUs: $ours % for the cluster, $idle % idle"
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

# text NAME SHARE WORDS...: how fast a job over the text is, from its beginning to its end. The four machines are one: with all its CPUs at work and less than
# SHARE percent of them for the cluster, the link cannot be the limit.
text () {
    local name=$1 share=$2 rate
    shift 2
    touch "$net/shared/prose"                           # to the caches it is another file
    busy_begin
    run_for "$@"
    busy_end
    rate=$((megabytes * 1048576 / took / 1000))
    echo "FIGURE text, $name: $(grep -o 'streamed.*' stderr); $busy"
    if [ "$rate" -lt 290 ] && [ "$idle" -lt 10 ] && [ "$ours" -lt "$share" ]; then
        echo "SKIP text, $name: this machine's CPUs were the limit, not the link: $rate MB/s"
    else
        atleast "text, $name: megabytes a second" "$rate" 290 MB/s
    fi
}

# slow NAME FILE PERCENT: what arrives while a job over the file fills a link of 200 Mbit, unpacked, in percent of what the link carries.
slow () {
    watched run_for grep "/srv/data/$2" --pattern zzzzzzzz --count
    speed out head
    local size
    size=$(stat -c %s "$net/shared/$2")
    atleast "$1 over 200 Mbit: of the link, in percent" $((100 * size * (speed / 1000) / (moved * 23900))) "$3" %
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
    text 'counting lines' 70 grep /srv/data/prose --pattern zzzzzzzz --count
    text 'counting words' 101 wordcount /srv/data/prose
    net_rate head 200mbit
    head -c "$((megabytes / 2))M" "$net/shared/prose" > "$net/shared/some"
    slow 'text' some 240
    head -c "$((megabytes / 10))M" "$net/shared/noise" > "$net/shared/mixed"
    head -c "$((megabytes / 5))M" "$net/shared/prose" >> "$net/shared/mixed"
    slow 'noise and twice as much text' mixed 150
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

# Two sizes, for in a short job what links rest at its beginning and end weighs more. The best of up to three runs: the four machines are one, and what
# else it does takes the CPUs from one of them.
shuffle () {
    local megabytes try best busiest node
    cluster shared 1 pi1 pi2 pi3
    cp "$data/opticks.txt" "$net/shared"
    rac me run sort /srv/data/opticks.txt --master head -o /srv/data/out --quiet       # compiles it
    for node in pi1 pi2 pi3; do net_rate "$node" 200mbit; done
    for megabytes in ${MEGABYTES:-300 1000}; do
        python3 -c '
import random, sys
r, left = random.Random (3), int (sys.argv [1]) << 20
while left > 0:                                         # lines of 100 hexadecimal digits
    lines = r.randbytes (500000).hex ("\n", 50) + "\n"
    sys.stdout.write (lines [:left])
    left -= len (lines)' "$megabytes" > "$net/shared/lines"
        best=0
        for ((try = 1; try <= 3 && best < 80; try++)); do
            busy_begin
            limit=300 watched run_for sort /srv/data/lines
            busy_end
            speed in pi1 pi2 pi3
            busiest=$((speed * 100 / 70500000))
            echo "FIGURE sort of $megabytes MB, run $try: $busiest % of three links of 200 Mbit, $((moved >> 20)) MB over them, $took ms; $busy"
            [ "$busiest" -le "$best" ] || best=$busiest
        done
        atleast "sort of $megabytes MB: of three links of 200 Mbit, between first and last fetch" "$best" 80 %
        holds "sort of $megabytes MB: is sorted" eval 'cat "$net"/shared/out/part-* | LC_ALL=C sort -c 2> stderr'
        holds "sort of $megabytes MB: all lines" test "$(cat "$net"/shared/out/part-* | wc -l)" -eq "$(grep -c '' "$net/shared/lines")"
    done
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
