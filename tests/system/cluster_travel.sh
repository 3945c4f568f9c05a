# cluster_travel: parts of cluster_net.sh: a head that is looked for, and jobs whose files lie on different machines. Sourced.
# shellcheck shell=bash disable=SC2154,SC2034,SC2016  # cluster_net.sh and what it sources set work, net, code, ...

# ---- finding the head

finding () {
    local key token
    cluster apart 1
    net_add apart pi1
    net_add apart liar
    key=$(sed -n 's/^ *key = "\(.*\)"$/\1/p' "$net/head/tmp/home/racimo/racimo.conf")
    rac pi1 cluster find
    if [ "$code" -eq 0 ] && grep -qF "$key" stdout && grep -qE '^lab +head +10\.77\.0\.1 +7700 +7702 ' stdout; then
        pass 'a head is found'
    else
        fail "a head is found: $code $(cat stdout stderr)"
    fi
    rac_settings=(RACIMO_CLUSTER_BEACON=7799)
    rac pi1 cluster find
    if [ "$code" -eq 1 ] && grep -q 'no head answers at UDP port 7799' stderr; then pass 'at another port there is none'; else fail "at another port: $code $(cat stderr)"; fi

    # The token names a place where nobody is. A liar has the head's key in his mouth, and answers first.
    rac_settings=(RACIMO_CLUSTER_HEAD=10.77.0.99)
    token=$(token)
    rac_settings=()
    net_start liar liar python3 -c '
import socket, sys
listener = socket.socket (socket.AF_INET, socket.SOCK_DGRAM)
listener.setsockopt (socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind (("", 7700))
print ("ready", flush=True)
while True:
    question, sender = listener.recvfrom (2048)
    answer = b"racimo!1" + question [8:16] + bytes ([30, 20, 30, 22]) + b"lab\0head\0" + sys.argv [1].encode () + b"\0"
    for at in range (50):
        listener.sendto (answer if at == 0 else answer [:at] + bytes (at) + answer [at:], sender)
' "$key"
    net_await 20 grep -q ready "$(net_log liar liar)" || fail 'no liar'
    rac_settings=(RACIMO_CLUSTER_BEACON=0)
    rac pi1 cluster join "$token"
    if [ "$code" -ne 0 ] && grep -q 'head 10.77.0.99 is not reached' stderr; then pass 'without looking it is not reached'; else fail "without looking: $code $(cat stderr)"; fi
    rac_settings=()
    rac pi1 cluster join "$token"
    if [ "$code" -eq 0 ] && grep -q 'at 10.77.0.1 one says that it has its key' stderr && grep -q 'head = "\?10.77.0.1"\?$' "$net/pi1/tmp/home/racimo/racimo.conf"; then
        pass 'a node joins where the key is proved'
    else
        fail "a node joins where the key is proved: $code $(cat stderr)"
    fi
    net_stop liar liar KILL
    daemon pi1 worker --slots 1 --memory 256M
    listed pi1
    cluster_end finding
}

# ---- what a job needs, and where it lies

travels () {
    local home
    cluster apart 1 pi1 pi2
    home=$net/me/tmp/home
    cp "$SRC/tests/system/jobs/weigh.c" "$home/"
    head -c 30000000 /dev/urandom > "$net/shared/weights"
    head -c 300000 /dev/urandom > "$home/small"
    head -c 30000000 /dev/urandom > "$home/large"
    # weighs NAME FILE WORDS...: what the client gets is what a run beside that file gives.
    weighs () {
        local name=$1 file=$2
        shift 2
        "$RACIMO" run "$SRC/tests/system/jobs/weigh.c" --model "$file" -o - --quiet > expected 2> stderr || fail "$name: not here: $(tail -1 stderr)"
        rac me run ./weigh.c "$@" --master head -o - --quiet
        if [ "$code" -eq 0 ] && cmp -s stdout expected; then pass "$name"; else fail "$name: $code $(tail -1 stderr)"; fi
    }
    weighs 'a side file that only the head has' "$net/shared/weights" --model weights
    weighs 'the same by its full name' "$net/shared/weights" --model /srv/data/weights
    weighs 'a side file that only the client has' "$home/small" --model small
    rac me run ./weigh.c --model large --master head -o - --quiet
    if [ "$code" -eq 2 ] && grep -q 'larger than the 8 MiB that travel' stderr; then pass 'a large one of the client'; else fail "a large one of the client: $code $(cat stderr)"; fi
    rac me run ./weigh.c --model /etc/hostname --master head -o - --quiet
    if [ "$code" -eq 0 ]; then pass "a client's own, wherever it lies there"; else fail "a client's own: $code $(cat stderr)"; fi
    mkdir "$net/head/tmp/closed" && cp "$home/small" "$net/head/tmp/closed/secret"
    rac me run ./weigh.c --model /tmp/closed/secret --master head -o - --quiet
    if [ "$code" -eq 2 ] && grep -q 'lies outside' stderr; then pass 'none outside the roots of the head'; else fail "outside the roots: $code $(cat stderr)"; fi
    cluster_end travels
}
