#!/bin/bash
# cluster_setup: a cluster set up by its commands: init, token, join, revoke; who is refused, and what both sides are told. Real daemons on
# loopback, all of one plain user, each "machine" with a configuration, keys and folders of its own.
# shellcheck disable=SC1091,SC2154  # common.sh and cluster.sh set work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build}
cp "$SRC/data/opticks.txt" "$work/data/"
umask 022

mode () { stat -c %a "$work/$1"; }
has_node () { on head nodes && grep -Eq "^$1 +ready" "$work/stdout"; }
lacks_node () { on head nodes && ! grep -Eq "^$1 +ready" "$work/stdout"; }

choose_ports

# ---- the head

on head cluster init --name lab --head localhost --roots "$work" --control "$control" --data "$data" --door "$door" --listen 127.0.0.1
fine 'init'
first=$(word)
holds 'init prints the join line' test -n "$first"
holds 'the word is letters and digits' grep -Eqx '[1-9A-HJ-NP-Za-km-z]{80,130}' <<< "$first"
holds 'secret keys are for their owner only' test "$(mode head/keys/head.key) $(mode head/keys/worker.key) $(mode head/keys/client.key) $(mode head/state)" = '600 600 600 700'
holds 'the configuration holds no secret' test -z "$(grep -hFf <(sed -n 's/^secret //p' "$work"/head/keys/*.key) "$work/head/racimo.conf")"
on head cluster init --roots "$work"
refused 'init again' 2 'has been set up here'
on head cluster show
holds 'show: values and where they are from' grep -Eq '^cluster +control +'"$control"' +file$' "$work/stdout"
on nowhere cluster token
refused 'a token where there is no head' 2 'racimo cluster init'

chmod 644 "$work/head/keys/head.key"
on head master
refused 'a master whose key others may read' 1 'chmod 600'
chmod 600 "$work/head/keys/head.key"

starts head master
master=$daemon
holds 'the master is up' says head 'ready: control port'
holds 'the head works itself' says head 'racimo worker: is worker'
on head master
refused 'a second master on the same state' 1 'another racimo master works on this folder'

on head worker
refused 'a second worker with the same key' 1 'another racimo worker works with this key'

# ---- joining

on pi1 cluster join "$first" --node pi1 --slots 1
fine 'join'
holds 'a node keeps its secret' test "$(mode pi1/keys/worker.key)" = 600
holds 'what was given at join is in the configuration' grep -Eq '^    slots = 1$' "$work/pi1/racimo.conf"
on pi1 cluster join "$first" --node pi1
fine 'join again, as if the answer had been lost'
on pi2 cluster join "$first" --node pi1
refused 'a second node of that name' 1 'there is a worker pi1 with another key'

on head cluster token
once=$(word)
on pi2 cluster join "$once" --node pi2 --slots 1
fine 'join with a token for one'
on pi3 cluster join "$once" --node pi3
refused 'a token used twice' 1 'used up'
on pi3 cluster join "${once:0:20}x${once:21}" --node pi3
refused 'a mistyped token' 2 'mistyped'
on pi3 cluster join hello --node pi3
refused 'no token at all' 2 'is no token'
on pi3 cluster join "$first" --node '../pi'
refused 'a name that is none' 2 'letters, digits'

cp "$work/head/state/tokens" "$work/tokens"
on head cluster token --uses 2 --for 5m
old=$(word)
awk '{ $3 = 1; print }' "$work/head/state/tokens" > "$work/head/state/tokens.edit" && mv "$work/head/state/tokens.edit" "$work/head/state/tokens"
on pi3 cluster join "$old" --node pi3
refused 'an expired token' 1 'only while a token holds|used up, over'
holds 'the head says who was refused' says head 'refused at (the )?door'
on head cluster token --for 0m
refused 'a token for no time' 2 'give a time'
on head cluster token --for 31d
refused 'a token for ever' 2 'give a time'

on other cluster init --name other --head localhost --roots "$work" --control "$control" --data "$data" --door "$door"
on pi3 cluster join "$(word)" --node pi3
refused 'a token of another head' 1 'handshake|does not let'
rm -rf "$work/pi3"

on head cluster token --client
on ana cluster join "$(word)" --node desk
fine 'a client joins'
holds 'a client has a client key only' test -e "$work/ana/keys/client.key" -a ! -e "$work/ana/keys/worker.key"

# ---- at work

starts pi1 worker
pi1=$daemon
starts pi2 worker
pi2=$daemon
holds 'a worker is welcome' says pi1 'is worker'
holds 'another one' says pi2 'is worker'
holds 'nodes shows them' has_node pi1
on ana run wordcount "$work/data/opticks.txt" -o "$work/words.tsv" --master localhost --quiet
fine 'a client runs a job'
holds 'with the bytes of a local run' cmp -s "$work/words.tsv" "$SRC/data/expected/opticks.wordcount.tsv"

# ---- who is refused

mkdir -p "$work/thief/keys" "$work/fake/keys" "$work/nobody/keys"
cp "$work/pi1/keys/worker.key" "$work/thief/keys/client.key"
cp "$work/ana/racimo.conf" "$work/thief/"
on thief run wordcount "$work/data/opticks.txt" -o "$work/stolen.tsv" --master localhost
refused "a worker's key submits" 2 'pi1 is a worker here'
holds 'and the head has a line of it' says head 'pi1.*(may not|worker|refused)'
holds 'nothing was written' test ! -e "$work/stolen.tsv"
cp "$work/ana/keys/client.key" "$work/fake/keys/worker.key"
cp "$work/pi1/racimo.conf" "$work/fake/"
on fake worker
refused "a client's key works" 6 'client'
holds 'the head has a line of that too' says head 'desk.*(may not|client|refused)'

on elsewhere cluster init --name elsewhere --head localhost --roots "$work"
cp "$work/elsewhere/keys/client.key" "$work/nobody/keys/"
cp "$work/ana/racimo.conf" "$work/nobody/"
on nobody nodes
refused 'an unknown key' 6 'does not know this key'
holds 'the head names that key' says head 'refused at control: its key is unknown'

# ---- putting out

on head cluster revoke pi9
refused 'revoking nobody' 2 'nobody here is called pi9: did you mean pi'
on head cluster revoke pi2
fine 'revoke'
holds 'the head cuts it off' says head 'pi2 is revoked: its links are cut'
holds 'the worker ends with status 6' ends "$pi2" 6
holds 'and says why' grep -Eq 'does not know this key.*revoked' "$work/pi2.log"
holds 'nodes shows it as revoked' lacks_node pi2
holds 'in these words' grep -Eq '^pi2 +revoked' "$work/stdout"
on head cluster nodes
holds 'the list says so' grep -Eq '^worker +pi2 +revoked ' "$work/stdout"
on head cluster token
back=$(word)
on pi2 cluster join "$back" --node pi2
refused 'a revoked key comes back' 1 'was revoked'
on pi2 cluster join "$back" --node pi2 --new-key
fine 'the node with a new key'
starts pi2 worker
pi2=$daemon
holds 'it is welcome again' says pi2 'is worker'
on head cluster token --replace
on pi3 cluster join "$(word)" --node pi2
fine 'another machine takes the name'
holds 'the one of before is out' ends "$pi2" 6

# ---- files edited by hand

printf 'cluster\n    haed = pi0\n' > "$work/nobody/racimo.conf"
on nobody cluster show
refused 'an unknown setting' 2 "racimo.conf:2: cluster has no setting 'haed': did you mean head"
printf 'cluster\n    head = pi0\n    control = many\n' > "$work/nobody/racimo.conf"
on nobody worker
refused 'a bad value' 2 "racimo.conf:3: control 'many': give a number"
printf 'head = pi0\n' > "$work/nobody/racimo.conf"
on nobody cluster show
refused 'a setting outside' 2 "racimo.conf:1: 'head' is no section"
on nobody worker --roots /
refused 'an option of the other daemon' 2 'racimo.conf:1'
rm "$work/nobody/racimo.conf"
on nobody worker --roots /
refused "the master's option" 2 'unknown option --roots'
on nobody worker
refused 'a worker without a head' 2 'no head is known'
RACIMO_CLUSTER_CONTROL=99999 on nobody cluster show
refused 'a bad value in the environment' 2 "RACIMO_CLUSTER_CONTROL '99999': give 1 to 65535"
cp "$work/head/state/nodes" "$work/nodes"
echo 'worker pi7 maybe' >> "$work/head/state/nodes"
holds 'a damaged list is told' says head 'nodes:[0-9]+: not a line like'
holds 'and nobody is put out' has_node pi1
cp "$work/nodes" "$work/head/state/nodes"

# ---- a head that is restarted

kill "$master"
holds 'a master ends at SIGTERM' ends "$master" 0
starts head master
master=$daemon
holds 'its nodes come back by themselves' says head 'pi1 has come'
kill -KILL "$(pgrep -P "$master" -x racimo-worker)"
holds "the head's own worker is started again" says head 'the head.s worker ended: Killed; it is started again'
holds 'and works' says head 'worker: is worker [3-9]'
on ana run wordcount "$work/data/opticks.txt" -o "$work/words.tsv" --master localhost --quiet --overwrite
fine 'a job after all that'
kill -KILL "$(pgrep -P "$master" -x racimo-master)"
holds 'a master that is killed ends all of it, with a failure for systemd' ends "$master" 1
holds 'its log says how' says head 'the master ended: Killed'
starts head master
master=$daemon
holds 'its nodes come back then too' says head 'pi1 has come'

# ---- a copy of a node's card

cp -r "$work/pi1" "$work/clone"
sed -i "s/pi1/clone/" "$work/clone/racimo.conf"         # the folders; the name is in the key's line on the head
on clone worker
refused 'a worker with a copied key' 6 'key of pi1 is at work already.*--new-key'
holds 'the head says so too' says head 'refused: a worker with the key of pi1'
holds 'the node stays' has_node pi1

# ---- the end

kill "$pi1"
holds 'a worker ends at SIGTERM' ends "$pi1" 0
holds 'its head says so' says head 'pi1 is gone'
holds 'and is away' lacks_node pi1
holds 'in this word' grep -Eq '^pi1 +away' "$work/stdout"
kill "$master"
holds 'the master ends' ends "$master" 0

# ---- without encryption

choose_ports
on plain cluster init --name plain --head localhost --roots "$work" --control "$control" --data "$data" --door "$door" --listen 127.0.0.1 --security none --head-slots 0
fine 'init without encryption'
holds 'init warns' grep -q WARNING "$work/stdout"
open=$(word)
# As systemd starts it: with a socket that waits for the word, and an error stream that is the journal's.
python3 -c 'import socket, sys
s = socket.socket (socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind (sys.argv [1])
while True: print (s.recv (100).decode (), flush = True)' "$work/notify" > "$work/systemd.log" &
systemd=$!
until [ -S "$work/notify" ] || ! kill -0 "$systemd"; do sleep 0.05; done
: > "$work/plain.log"
export NOTIFY_SOCKET=$work/notify JOURNAL_STREAM
JOURNAL_STREAM=$(stat -c %d:%i "$work/plain.log")
starts plain master
unset NOTIFY_SOCKET JOURNAL_STREAM
master=$daemon
holds 'the master warns, with the level for the journal' says plain '^<4>racimo master: security = none: whoever'
holds 'systemd is told when it is ready' says systemd '^READY=1$'
holds 'and works' says plain 'ready: control port'
on bare cluster join "$open" --node bare --slots 1
fine 'join without encryption'
starts bare worker
bare=$daemon
holds 'the worker warns' says bare 'security = none: whoever'
holds 'and is welcome' says bare 'is worker'
on ana nodes --master "localhost:$control"
refused 'encryption on one side only' 6 'does not encrypt and this side does|ends every handshake'
kill "$bare" "$master"
holds 'both end' ends "$bare" 0
holds 'the master too' ends "$master" 0
holds 'systemd was told that it ends' says systemd '^STOPPING=1$'
kill "$systemd"
holds 'nothing is left' test -z "$(left_over)"
