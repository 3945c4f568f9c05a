# net: a small cluster on this machine: a head and nodes, each with a network, folders, processes and a name of its own, on one switch.
# Sourced, before common.sh, by tests of the real daemons.
#
#     switch ─┬─ head   10.77.0.1     /srv/data: the shared disk
#             ├─ pi1    10.77.0.2     /srv/data: the same, or an empty folder
#             ├─ pi2    10.77.0.3     /tmp /var /run /dev/shm: a node's own; $HOME: below its /tmp
#             └─ pi3    10.77.0.4     everything else, so also the build and the sources: this machine's
#
# The whole test runs in namespaces of its own (net_enter), and each node in others within these. So the test can neither reach this
# machine's networks nor leave anything: when its first process ends, for whatever reason, the kernel ends all others and drops links and
# mounts. Links are veth pairs with a token bucket at both ends; with 1gbit TCP moves 117 MB/s, as on a real switch.
#
#     . net.sh; net_enter "$@"; . common.sh
#     net_up shared pi1 pi2 pi3           or: net_up apart ...
#     net_start pi1 worker COMMAND...     in the background, as "worker"; its output in $(net_log pi1 worker)
#     net_run pi1 COMMAND...              and waits for it
#
# Needs root, or a kernel that lets users make namespaces; ip and tc (iproute2); else the test is skipped, which says why.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # common.sh sets work, build, mark; scripts use what is set here

net_skip () { echo "SKIP ${0##*/}: $*"; exit 77; }

# Runs the calling script again, in namespaces of its own.
net_enter () {
    [ -z "${NET_INSIDE:-}" ] || return 0
    local tool user=()
    for tool in ip tc unshare nsenter python3; do
        command -v "$tool" > /dev/null || net_skip "no $tool here"
    done
    [ "$(id -u)" = 0 ] || user=(--map-root-user)
    local spaces=("${user[@]}" --net --mount --pid --ipc --uts --fork --kill-child --mount-proc)
    unshare "${spaces[@]}" sh -c 'ip link add name try type bridge && ip link add one type veth peer name two &&
        tc qdisc add dev one root tbf rate 1gbit burst 128kb latency 50ms' 2> /dev/null || net_skip "neither root nor a kernel that lets users make networks"
    NET_INSIDE=yes exec unshare "${spaces[@]}" bash "$0" "$@"
}

net_names=()
net_switch=0                                            # links that it has
declare -A net_holder net_pid net_address net_job net_group

# net_up shared|apart NODE...: the head and these nodes; whether they see the head's /srv/data.
net_up () {
    local sharing=$1
    shift
    net=$work/net
    mkdir -p "$net/shared"
    ip link set lo up
    ip link add name switch type bridge
    ip link set switch up
    echo "127.0.0.1 localhost" > "$net/hosts"
    net_add shared head
    local name
    for name in "$@"; do
        net_add "$sharing" "$name"
    done
}

# net_add shared|apart NODE: one more; all know its name at once.
net_add () {
    local name=$2 own=$net/$2 ready
    net_switch=$((net_switch + 1))
    net_address[$name]=10.77.0.$net_switch
    echo "${net_address[$name]} $name" >> "$net/hosts"
    mkdir -p "$own"/{tmp/home,var/tmp,var/cache,var/lib,data}
    chmod 1777 "$own/tmp" "$own/var/tmp"
    rm -f "$own/hold" "$own/ready"
    mkfifo "$own/hold" "$own/ready"
    # Its first process holds the namespaces, and reaps; it ends when we do, at the end of its standard input.
    unshare --net --mount --uts --ipc --pid --fork --kill-child --mount-proc bash -c "$(declare -f net_furnish)"'; net_furnish "$@"' \
        bash "$name" "$1" "$net" "$build" "$SRC" < "$own/hold" > "$own/ready" 2> "$own/furnish.log" &
    net_holder[$name]=$!
    exec {net_hold}> "$own/hold"
    read -r ready < "$own/ready" || net_skip "node $name cannot be furnished: $(tail -1 "$own/furnish.log")"
    net_pid[$name]=$(tr -d ' ' < "/proc/${net_holder[$name]}/task/${net_holder[$name]}/children")
    net_link "$name" || net_skip "node $name cannot be linked"
    net_names+=("$name")
    : "$ready"
}

# Inside a node: its folders. What it has in common with us is held at other places while /tmp is covered, for it may lie there.
net_furnish () {
    set -e
    local name=$1 sharing=$2 net=$3 path at=0
    shift 2
    hostname "$name"
    mount --make-rprivate /
    mkdir -p /srv 2> /dev/null || true
    mount -t tmpfs tmpfs /run
    for path in "$@"; do
        mkdir "/run/$((++at))"
        mount --bind "$path" "/run/$at"
    done
    mount -t tmpfs tmpfs /dev/shm
    mount -t tmpfs tmpfs /srv
    mount --bind /run/1/hosts /etc/hosts
    mkdir /srv/data
    mount --bind "/run/1/$([ "$sharing" = shared ] && echo shared || echo "$name/data")" /srv/data
    mount --bind "/run/1/$name/var" /var
    mount --bind "/run/1/$name/tmp" /tmp
    at=1
    for path in "${@:2}"; do
        mkdir -p "$path"
        mount --bind "/run/$((++at))" "$path"
    done
    ip link set lo up
    echo ready
    exec 1>&-
    read -r _
}

net_link () {                                           # NODE
    local port=to-$1
    ip link add "$port" type veth peer name eth0 netns "${net_pid[$1]}" && ip link set "$port" master switch up || return
    nsenter --target "${net_pid[$1]}" --net sh -c "ip addr add ${net_address[$1]}/24 broadcast 10.77.0.255 dev eth0 && ip link set eth0 up" || return
    net_rate "$1" 1gbit
}

# net_rate NODE RATE: of its link, both ways; e.g. 200mbit.
net_rate () {
    local bucket=(root tbf rate "$2" burst 128kb latency 50ms)
    tc qdisc replace dev "to-$1" "${bucket[@]}" && nsenter --target "${net_pid[$1]}" --net tc qdisc replace dev eth0 "${bucket[@]}"
}

net_cut () { ip link set "to-$1" down; }                # pulls NODE's plug
net_mend () { ip link set "to-$1" up; }

# net_bytes in|out NODE: through its link since it is up. The kernel hands over up to 64 KiB at once, with one header.
net_bytes () {
    awk -v port="to-$2:" -v column="$([ "$1" = in ] && echo 10 || echo 2)" '$1 == port { print $column }' /proc/net/dev
}

# net_run NODE COMMAND...: in that node; within net_cpu's share, if it has one.
net_run () {
    local name=$1
    shift
    nsenter --target "${net_pid[$name]}" --net --mount --uts --ipc --pid -- env -u NET_INSIDE -u TMPDIR -u XDG_CACHE_HOME -u RACIMO_SHM \
        HOME=/tmp/home NET_GROUP="${net_group[$name]:-}" sh -c 'cd; [ -z "$NET_GROUP" ] || echo $$ > "$NET_GROUP/cgroup.procs"; exec "$@"' sh "$@"
}

net_log () { echo "$net/$1/$2.log"; }                   # NODE NAME

# net_start NODE NAME COMMAND...: in the background.
net_start () {
    local node=$1 name=$2
    shift 2
    rm -f "$net/$node/tmp/$name.pid"
    net_run "$node" sh -c 'echo $$ > "$0"; exec "$@"' "/tmp/$name.pid" "$@" > "$(net_log "$node" "$name")" 2>&1 < /dev/null &
    net_job[$node/$name]=$!
    until [ -s "$net/$node/tmp/$name.pid" ] || ! kill -0 "${net_job[$node/$name]}" 2> /dev/null; do net_wink; done
}

# net_signal NODE NAME SIGNAL, and net_stop, which waits: its exit status is returned. Status 124: it did not end within 20 seconds.
net_signal () { net_run "$1" sh -c "kill -$3 \$(cat /tmp/$2.pid)" 2> /dev/null; }
net_stop () {
    local pid=${net_job[$1/$2]:-}
    [ -n "$pid" ] || return 0
    net_signal "$1" "$2" "${3:-TERM}"
    unset "net_job[$1/$2]"
    timeout 20 tail -s 0.02 --pid="$pid" -f /dev/null || { net_run "$1" sh -c "kill -KILL \$(cat /tmp/$2.pid)"; wait "$pid"; return 124; }
    wait "$pid"
}

# A moment between two looks at a fact that nothing announces.
net_wink () { read -rt 0.02 _ <> <(:); }

# net_await SECONDS COMMAND...: until it succeeds.
net_await () {
    local due=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$due" ] || return 1
        net_wink
    done
    return 0                                            # not net_wink's
}

# net_cpu NODE PERCENT: of one core, for what is started there from now on. FAILED: no control group of ours can do that.
net_cpu () {
    local group=/sys/fs/cgroup/cpu/racimo-test-$mark-$1
    mkdir -p "$group" 2> /dev/null && echo 100000 > "$group/cpu.cfs_period_us" && echo $(($2 * 1000)) > "$group/cpu.cfs_quota_us" \
        && net_group[$1]=$group
}

# net_capture FILE: all that goes through the switch, frames one after another, until net_capture_end.
net_capture () {
    python3 -c '
import socket, sys
eye = socket.socket (socket.AF_PACKET, socket.SOCK_RAW, socket.htons (3))
eye.setsockopt (socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
with open (sys.argv [1], "wb", 0) as into:
    print ("ready", flush = True)
    while True:
        into.write (eye.recv (1 << 17))' "$1" > "$net/capture.ready" &
    net_capturer=$!
    net_await 10 test -s "$net/capture.ready"
}
net_capture_end () { kill "$net_capturer"; wait "$net_capturer" 2> /dev/null; }

net_down () {
    local name key
    for key in "${!net_job[@]}"; do
        net_stop "${key%%/*}" "${key#*/}" KILL
    done
    for name in "${net_names[@]}"; do
        kill -KILL "${net_holder[$name]}" 2> /dev/null
        wait "${net_holder[$name]}" 2> /dev/null
        [ -z "${net_group[$name]:-}" ] || rmdir "${net_group[$name]}"
        ip link del "to-$name" 2> /dev/null
    done
    ip link del switch
    net_switch=0 net_names=()
    net_holder=() net_pid=() net_address=() net_job=() net_group=()
    rm -rf "$net"
}
