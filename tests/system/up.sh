#!/bin/bash
# racimo up: a cluster for the occasion, by a command that stands for ssh, and by ssh itself to a real sshd, if there is one.
# shellcheck disable=SC1091,SC2154,SC2016  # common.sh sets work, code, ...; a stand-in's script is not to be expanded here
. "$SRC/tests/system/net.sh"
net_enter "$@"
. "$SRC/tests/system/common.sh"
cd "$work" || exit 1
ip link set lo up
text=$SRC/data/opticks.txt
expected=$SRC/data/expected/opticks.wordcount.tsv

# Runs its words behind the host, as ssh would, and notes them.
cat > there << 'END'
#!/bin/sh
echo "$*" >> "$(dirname "$0")/called"
[ "$1" != dead ] || { echo "no route to dead" >&2; exit 255; }
shift
exec "$@"
END
chmod +x there

# up ARGUMENTS...: its status is in $code, what it said in stdout and stderr.
up () {
    RACIMO_TEST_MARK=$mark timeout -k 5 "${limit:-60}" "$RACIMO" up --via "$work/there {}" --program "$RACIMO" --slots 1 "$@" > stdout 2> stderr < /dev/null
    code=$?
}

# clean NAME: nothing is left.
clean () {
    local left
    left=$(left_over)
    if [ -z "$left" ]; then pass "$1: nothing is left"; else fail "$1: leaves$left"; fi
}

counts () {                                             # NAME: out is what it should be
    if [ "$code" -eq 0 ] && cat out/part-* | cmp -s - "$expected"; then pass "$1"; else fail "$1: exit code $code: $(tail -1 stderr)"; fi
}

# ---- by a stand-in

up one two -- run wordcount "$text" -o "$work/out"
counts 'a job on two hosts'
holds 'says how many there are' grep -q '2 of 2 hosts have joined' stderr
holds 'no key and no setting on a command line' sh -c '! grep -v "^[a-z]* $RACIMO worker --from-stdin$" called'
clean 'a job on two hosts'

up --overwrite one -- run wordcount "$text" -o "$work/out"
if [ "$code" -eq 2 ] && grep -q 'no option --overwrite' stderr; then pass 'a wrong option'; else fail "a wrong option: $code $(cat stderr)"; fi
up one dead -- run wordcount "$text" -o "$work/out" --overwrite
counts 'a job though a host is away'
holds 'names the host and the reason' grep -q 'dead: its worker has ended with status 255: no route to dead' stderr
up dead -- run wordcount "$text" -o "$work/out" --overwrite
if [ "$code" -eq 6 ] && grep -q 'none of the hosts' stderr; then pass 'no host at all'; else fail "no host at all: $code $(cat stderr)"; fi
clean 'no host at all'
up one -- run wordcount "$work/nothing" -o "$work/out" --overwrite
if [ "$code" -eq 2 ]; then pass "the job's exit status"; else fail "the job's exit status: $code $(tail -1 stderr)"; fi

# ---- it is killed, or told to end

standing () {                                           # PATTERN: starts one without a job, until it says so
    RACIMO_TEST_MARK=$mark "$RACIMO" up --via "$work/there {}" --program "$RACIMO" --slots 1 one two > stdout 2> stderr < /dev/null &
    standing=$!
    net_await 20 grep -q 'takes it down' stderr || fail "does not stand: $(cat stderr)"
}
for signal in KILL TERM INT; do
    standing
    kill -s "$signal" "$standing"
    wait "$standing" 2> /dev/null
    clean "SIG$signal"
done
standing
eval "$(sed -n 's/.*in another shell: *//p' stderr)"
run wordcount "$text" -o "$work/out" --overwrite
unset RACIMO_CONFIG RACIMO_MASTER
counts 'a job from another shell'
kill "$standing"
wait "$standing"

# ---- the hosts' side

for input in '' 'racimo worker 1 1' 'racimo worker 99999999999 80
' 'GET / HTTP/1.1
'; do
    printf '%s' "$input" | RACIMO_TEST_MARK=$mark timeout 20 "$RACIMO" worker --from-stdin > stdout 2> stderr
    code=$?
    if [ "$code" -ne 0 ] && [ "$code" -lt 100 ] && [ "$(wc -l < stderr)" -eq 1 ]; then pass 'input that is none'; else fail "input that is none: $code $(cat stderr)"; fi
done
clean 'input that is none'

# ---- by ssh

sshd=$(command -v sshd || echo /usr/sbin/sshd)
if ! command -v ssh > /dev/null || [ ! -x "$sshd" ]; then
    echo "SKIP a real sshd: none here"
    exit
fi
mount -t tmpfs tmpfs /run && mkdir /run/sshd
ssh-keygen -q -t ed25519 -N '' -f host_key
ssh-keygen -q -t ed25519 -N '' -f user_key
cp user_key.pub authorized
cat > sshd_config << END
HostKey $work/host_key
AuthorizedKeysFile $work/authorized
PidFile none
UsePAM no
StrictModes no
ListenAddress 127.0.0.1
Port 2222
PermitRootLogin yes
SetEnv TMPDIR=$TMPDIR RACIMO_TEST_MARK=$mark RACIMO_SHM=$shm
END
cat > ssh_config << END
Port 2222
IdentityFile $work/user_key
IdentitiesOnly yes
StrictHostKeyChecking no
UserKnownHostsFile $work/known_hosts
LogLevel ERROR
END
"$sshd" -D -e -f "$work/sshd_config" 2> sshd.log &
daemon=$!
net_await 10 grep -q 'Server listening' sshd.log || fail "sshd: $(cat sshd.log)"

ssh_up () {
    RACIMO_TEST_MARK=$mark timeout -k 5 60 "$RACIMO" up --via "ssh -F $work/ssh_config -o BatchMode=yes {}" --program "$RACIMO" --slots 1 "$@" > stdout 2> stderr < /dev/null
    code=$?
}
ssh_up localhost 127.0.0.1 -- run wordcount "$text" -o "$work/out" --overwrite
counts 'a job over ssh'
holds 'both hosts of it' grep -q '2 of 2 hosts have joined' stderr
clean 'a job over ssh'
ssh_up 127.0.0.2 -- run wordcount "$text" -o "$work/out" --overwrite
if [ "$code" -eq 6 ] && grep -q '127.0.0.2: its worker has ended with status 255: .*refused' stderr; then pass 'a host without sshd'; else fail "a host without sshd: $code $(cat stderr)"; fi

# An ssh that is killed leaves its program alive on the other side; the end of the input must end it.
RACIMO_TEST_MARK=$mark "$RACIMO" up --via "ssh -F $work/ssh_config {}" --program "$RACIMO" --slots 1 localhost > stdout 2> stderr < /dev/null &
standing=$!
net_await 20 grep -q 'takes it down' stderr || fail "does not stand: $(cat stderr)"
holds 'a worker over ssh' sh -c 'pgrep -f "^$RACIMO worker" > stdout'
gone () { ! pgrep -f "^$RACIMO worker" > /dev/null; }
kill -KILL "$(pgrep -x ssh)"
holds 'a killed ssh ends the worker behind it' net_await 20 gone
holds 'and is told' grep -q 'localhost: its worker has ended: Killed' stderr
kill "$standing"
wait "$standing"
clean 'a killed ssh'
kill "$daemon"
