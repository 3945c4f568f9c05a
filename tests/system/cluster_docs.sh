#!/bin/bash
# cluster_docs: what doc/cluster.md and its Spanish twin type at prompts like "pi1$ ", typed, in order, by machines that are folders here: each has
# a configuration of its own and all are one plain user's on loopback. `systemctl` starts and ends the daemon itself; TOKEN is the word
# that the head has printed last.
# shellcheck disable=SC1091,SC2016,SC2154  # common.sh sets work, code, ...; the $ of the pages are theirs
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
mkdir -p "$work/bin" "$work/srv/data/out"
ln -s "$RACIMO" "$work/bin/racimo"
ln -s "$SRC/data" "$work/bin/data"
export RACIMO_HOME=${RACIMO_HOME:-$build} PATH=$work/bin:$PATH RACIMO_CLUSTER_HEAD=localhost RACIMO_MASTER_LISTEN=127.0.0.1 RACIMO_WORKER_SLOTS=1
declare -A daemon
word=''

# The service of a machine, as systemd would start and stop it.
service () {
    local machine=$1 command=$2
    case $command in
    "systemctl enable --now racimo-"*)
        : > "$work/$machine.log"
        RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/$machine/racimo.conf RACIMO_WORKER_NODE=$machine "$RACIMO" "${command##*-}" 2>> "$work/$machine.log" < /dev/null &
        daemon[$machine]=$!
        says "$machine" 'is worker'
        ;;
    *) return 1 ;;
    esac
}

# type MACHINE COMMAND
type_in () {
    local machine=$1 command=${2#sudo }
    mkdir -p "$work/$machine"
    command=${command//\/srv\/data/$work/srv/data}
    command=${command//--master pi0/--master localhost}
    command=${command//TOKEN/$word}
    if [[ $command == systemctl* ]]; then
        service "$machine" "$command"
        return
    fi
    (cd "$work/bin" && RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/$machine/racimo.conf RACIMO_WORKER_NODE=$machine \
        timeout -k 5 60 bash -c "$command") > "$work/stdout" 2> "$work/stderr" < /dev/null || return
    if grep -q 'racimo cluster join' "$work/stdout"; then
        word=$(sed -n 's/.*racimo cluster join //p' "$work/stdout")
    fi
}

# commands PAGE: "MACHINE COMMAND" a line.
commands () { sed -n '/^```console/,/^```$/s/^\([a-z][a-z0-9]*\)\$ /\1 /p' "$1"; }

choose_ports
export RACIMO_CLUSTER_CONTROL=$control RACIMO_CLUSTER_DATA=$data RACIMO_CLUSTER_DOOR=$door
commands "$SRC/doc/cluster.md" > "$work/commands"
holds 'the page has commands' test "$(wc -l < "$work/commands")" -gt 15
while read -r machine command <&3; do
    holds "$machine: $command" type_in "$machine" "$command"
done 3< "$work/commands"
holds 'its result' cmp -s "$work/srv/data/out/words.tsv" "$SRC/data/expected/opticks.wordcount.tsv"
holds 'the same from the laptop' cmp -s "$work/srv/data/out/again.tsv" "$SRC/data/expected/opticks.wordcount.tsv"
holds 'the node that was put out has ended' timeout 20 tail -s 0.05 --pid="${daemon[pi3]:-1}" -f /dev/null
holds 'both languages type the same' cmp -s "$work/commands" <(commands "$SRC/doc/cluster.es.md")
for machine in pi1 pi2 pi0; do
    kill "${daemon[$machine]}"
    holds "$machine ends" ends "${daemon[$machine]}" 0
done

# Every setting is on both pages, and every port.
"$RACIMO" master --help | sed -n 's/^  --\([a-z-]*\) .*/\1/p' | tr - _ > "$work/settings"
for page in cluster.md cluster.es.md; do
    missing=''
    while read -r setting; do
        grep -q "\`$setting\`" "$SRC/doc/$page" || missing="$missing $setting"
    done < "$work/settings"
    if [ -s "$work/settings" ] && [ -z "$missing" ]; then pass "doc/$page names every setting"; else fail "doc/$page does not name:$missing"; fi
done
holds 'nothing is left' test -z "$(left_over)"
