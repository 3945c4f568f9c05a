#!/bin/bash
# cluster_client: what users of a cluster type: run, status, jobs, nodes, attach, cancel, logs; jobs that outlive their clients; sources that
# travel; many clients at once. A real head and two real workers, connections encrypted.
# shellcheck disable=SC1091,SC2154,SC2034  # common.sh and cluster.sh set work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build}
cp "$SRC/data/opticks.txt" "$work/data/"
mkfifo "$work/started" "$work/go"
cd "$work" || exit 1

# said FILE PATTERN: stdout or stderr of the last command has such a line.
said () { grep -Eq -- "$2" "$work/$1"; }
# json EXPRESSION: of the last command's stdout, as `it`, in Python.
json () { python3 -c 'import json, sys; it = json.load (sys.stdin); sys.exit (0 if eval (sys.argv [1]) else 1)' "$1" < "$work/stdout"; }
narrow () { ! grep -qE '^.{81}' "$work/stdout"; }
same () { cat "$1"/part-* | cmp -s - "$2"; }

# gate OUT WORDS...: a job that waits in its first map, as the client `me`, in the background: its client in $client, its number in $job.
gate () {
    local out=$1
    shift
    : > gate.out
    RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/me/racimo.conf "$RACIMO" run "$jobs/gate.c" data/words.txt --started "$work/started" --go "$work/go" \
        -o "$work/data/$out" --cluster "$@" > gate.out 2> gate.err < /dev/null &
    client=$!
    timeout 10 cat started > pid || fail "$out: its map has not begun: $(tail -1 gate.err)"
    on me jobs --json
    job=$(python3 -c 'import json, sys; print (json.load (sys.stdin) [-1] ["job"])' < stdout)
}
# minds PROCESS: waits until it takes a Ctrl-C as one; before that, a script's background job ignores it.
minds () {
    local tries
    for ((tries = 0; tries < 1000; tries++)); do
        (( 0x0$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$1/status" 2> stderr) & 2 )) && return
        read -rt 0.02 _ <> <(:)
    done
    return 1
}
let_go () { timeout 20 bash -c 'echo > go'; }
# gone STATUS: the client ends so.
gone () {
    timeout 20 tail -s 0.02 --pid="$client" -f /dev/null
    wait "$client"
    echo "exit status $?: $(tail -1 gate.err)" > stderr
    grep -q "^exit status $1:" stderr
}
clean () { [ -z "$(find data -name '.*racimo*')" ]; }
state () { on me jobs "$job" --json && json "it [0] ['state'] == '$1'"; }

printf 'Hello world\nhello you, the World!\n' > data/words.txt
"$RACIMO" run wordcount data/opticks.txt -o local --quiet 2> stderr || fail 'a local run'
cat local/part-* > expected

on me status
refused 'no cluster is known' 2 'racimo cluster join'
if cluster 2; then pass 'a cluster'; else fail "a cluster: $(tail -1 stderr)"; exit; fi

# ---- run

on me run wordcount "$work/data/opticks.txt" -o "$work/data/out" --cluster
fine 'run'
holds 'the bytes of a local run' same data/out expected
holds 'a summary' said stderr '4,208 rows, .* in .*/data/out$'
on me run wordcount data/opticks.txt -o data/out
holds 'without --cluster a run stays here: its result is in the way' test "$code" -eq 5
on me run wordcount data/opticks.txt -o data/relative/ --cluster
fine 'relative names'
holds 'relative names mean first what they mean here' same data/relative expected
cd / && on me run wordcount data/opticks.txt -o data/below/ --master "localhost:$control"
cd "$work" || exit 1
fine 'names below a root'
holds 'names below a root: the result' same data/below expected
on me run wordcount data/opticks.txt --cluster
holds 'standard output' cmp -s stdout expected
on me run wordcount data/opticks.txt --cluster --json
holds 'standard output: JSON goes to standard error' grep -q '"rows_out": 4208' stderr
on me run sort data/opticks.txt --cluster
"$RACIMO" run sort data/opticks.txt > sorted 2> /dev/null
holds 'a result of several pieces on standard output' cmp -s stdout sorted
on me run wordcount /etc/passwd -o data/stolen --cluster
refused 'a file outside the roots' 2 '/etc/passwd'
on me run wordcount data/opticks.txt -o "$work-outside" --cluster
refused 'a result outside the roots' 2 'outside the folders'
on me run wordcount data/nix.txt -o data/nix --cluster
refused 'a file that is not there' 2 'nix\.txt'
on me run wordcount data/opticks.txt -o data/out --cluster
refused 'a result that is in the way' 5 'data/out'
on me run wordcount data/opticks.txt -o data/out --cluster --slots 2
refused '--slots on a cluster' 2 'workers have their own'
on me run wordcount data/opticks.txt -o data/x --detach
refused '--detach without a cluster' 2 'needs a cluster'
on me run wordcount data/opticks.txt -o data/x --cluster --priority 201
refused '--priority' 2 '0 to 200'

# ---- sources travel

mkdir -p src/deep common
printf '#define PREFIX "one "\n' > common/prefix.h
printf '#include "../../common/prefix.h"\n' > src/deep/inner.h
cat > src/mine.c << 'END'
#include <racimo.h>
  #  include "deep/inner.h"
static rac_status s_map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state;
    printf ("%s%u rows\n", PREFIX, in->rows);
    fflush (stdout);
    return rac_emit (out, in->rows, in->column, 1);
}
RAC_JOB (plan)
{
    rac_about (plan, "Test: includes files beside it");
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_map (plan, s_map);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
END
printf '#ifndef THERE\n#error "this node does not like it"\n#endif\n' > src/deep/picky.h
sed '1a #include "deep/picky.h"' src/mine.c > src/picky.c
on me run src/mine.c data/words.txt -o data/mine1 --cluster
fine 'a job of several files'
on me jobs --json
job=$(python3 -c 'import json, sys; print (json.load (sys.stdin) [-1] ["job"])' < stdout)
on me logs "$job"
holds 'logs: what a job prints' said stdout '^one 2 rows$'
holds 'logs: where' said stdout '^== pi[12], slot [01]$'
on me logs "$job" --json
holds 'logs --json' json 'it [0] ["text"] == "one 2 rows\n" and it [0] ["node"] in ("pi1", "pi2")'
printf '#define PREFIX "two "\n' > common/prefix.h
on me run src/mine.c data/words.txt -o data/mine2 --cluster
on me logs $((job + 1))
holds 'a changed header is another job' said stdout '^two 2 rows$'
holds 'sources are kept by hash, once' test "$(find head -path '*bundles/*' -type f | wc -l)" -eq "$(find head -path '*bundles/*' -type f -print0 | xargs -0 md5sum | cut -d' ' -f1 | sort -u | wc -l)"

RACIMO_CFLAGS=-DTHERE on me run src/picky.c data/words.txt -o data/picky --cluster
holds 'a job that compiles here, but not there' test "$code" -eq 4
holds 'the compiler there names the files here' said stderr "^$work/src/deep/picky.h:[0-9]+:[0-9]+: error: .*this node does not like it"
holds 'no path of a node is shown' test -z "$(grep bundles stderr)"

# A node without a compiler is no hindrance.
on head cluster token
on pi3 cluster join "$(word)" --node pi3 --slots 9
RACIMO_CC=/nix/cc starts pi3 worker
says pi3 'is worker'
on me nodes
holds 'a node without a compiler is shown' said stdout '^pi3 .*no compiler'
cp -r "$SRC/jobs/wordcount.c" src/fresh.c
on me run src/fresh.c data/opticks.txt -o data/fresh --cluster
fine 'beside a node without a compiler'
holds 'beside a node without a compiler: the result' same data/fresh expected
kill -TERM "$daemon"
timeout 20 tail -s 0.02 --pid="$daemon" -f /dev/null

RACIMO_CC=/nix/cc on me run wordcount --utf8 data/opticks.txt -o data/blind --cluster
fine 'a client without a compiler'
on me run wordcount --utf8 data/opticks.txt -o data/seeing --cluster
cat data/seeing/part-* > seeing
holds 'a client without a compiler: the same result' same data/blind seeing
RACIMO_CC=/nix/cc on me run wordcount --nonsense=1 data/opticks.txt -o data/nonsense --cluster
holds 'a client without a compiler: the nodes know its options' test "$code" -ne 0
RACIMO_CC=/nix/cc on me run wordcount data/opticks.txt
refused 'without a cluster there must be one' 4 'no compiler'

# ---- questions

on me nodes
fine 'nodes'
holds 'nodes: a line each' said stdout '^pi2 +ready +[0-2]/2 +'
holds 'nodes: 80 columns' narrow
on me nodes --json
holds 'nodes --json' json '[(n ["slots"], n ["state"]) for n in it] == [(2, "ready"), (2, "ready"), (0, "away")]'
on me jobs --all
holds 'jobs: 80 columns' narrow
holds 'jobs: a line each' said stdout '^ +1  done +0:0[0-9]  .* wordcount +/?'
on me jobs 1 --json
holds 'jobs --json' json 'len (it) == 1 and it [0] ["name"] == "wordcount" and it [0] ["exit_code"] == 0 and it [0] ["output"].endswith ("/data/out")'
on me status
holds 'status' said stdout '^2 nodes, 0 of 4 slots at work; 1 away$'
on me status --json
holds 'status --json' json 'it ["nodes"] == 2 and it ["running"] == 0'
on me jobs 999
refused 'a job that never was' 2 'no job 999'
on me logs 999
refused 'logs of a job that never was' 2 'no job 999'
on me attach 999
refused 'attach to a job that never was' 2 'no job 999'
on me cancel 999
refused 'cancel of a job that never was' 2 'no job 999'
on me jobs seven
refused 'a job is a number' 2 'number of a job'
on me attach
refused 'attach needs a job' 2 'needs the number'
for command in status jobs nodes attach cancel logs; do
    on me "$command" --help
    holds "$command --help" said stdout "^racimo $command"
    on me "$command" --nonsense
    refused "$command: an unknown option" 2 '--nonsense'
done

# ---- jobs outlive their clients

gate detached --detach
holds '--detach: ends at once' gone 0
holds '--detach: the number alone' test "$(cat gate.out)" = "$job"
holds '--detach: how to follow it' grep -q "racimo attach $job" gate.err
on me status
holds 'status: a job at work' said stdout "^ +$job +map "
RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/me/racimo.conf "$RACIMO" attach "$job" > attached.out 2> attached.err < /dev/null &
attached=$!
let_go
client=$attached
holds 'attach: ends with the job' gone 0
holds 'attach: the summary' grep -Eq '^gate: .* in .*data/detached$' attached.err
on me attach "$job"
holds 'attach to a job that has ended: the same again' cmp -s attached.err stderr
on me cancel "$job"
holds 'cancel of a job that has ended' said stdout 'had ended before'

gate killed
kill -KILL "$client"
wait "$client" 2> /dev/null
let_go
on me attach "$job"
fine 'a client is killed: its job goes on'
holds 'a client is killed: the result' same data/killed data/words.txt

gate closed
kill -HUP "$client"
holds 'a closed terminal leaves' gone 130
holds 'a closed terminal leaves: says how to go on' grep -q "racimo attach $job" gate.err
let_go
on me attach "$job"
fine 'a closed terminal leaves: the job goes on'

gate stopped
kill -INT "$client"
holds 'Ctrl-C cancels' gone 130
holds 'Ctrl-C cancels: nothing is left' clean
holds 'Ctrl-C cancels: jobs shows it' state cancelled

gate ended
on me cancel "$job"
holds 'cancel' said stdout "^job $job is cancelled$"
holds 'cancel: who follows it is told' gone 130
holds 'cancel: nothing is left' clean

gate watched
RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/me/racimo.conf "$RACIMO" attach "$job" > attached.out 2> attached.err < /dev/null &
attached=$!
owner=$client client=$attached
holds 'attach minds a Ctrl-C' minds "$attached"
kill -INT "$attached"
holds 'Ctrl-C while looking leaves' gone 130
client=$owner
let_go
holds 'Ctrl-C while looking leaves: the job goes on' gone 0

# ---- from a program

cat > program.c << 'END'
#include <racimo-client.h>
#include <stdio.h>
#include <stdlib.h>
int main (int argc, char **argv)                    // JOB: waits for it; JOB cancel: ends it first
{
    char why [256];
    rac_news news;
    rac_client *cluster = rac_client_open (NULL, why, sizeof why);
    uint64_t job = strtoull (argv [1], NULL, 10);
    int code = argc > 2 ? rac_client_cancel (cluster, job) : rac_client_follow (cluster, job);
    code = code ? code : rac_client_wait (cluster, job, &news);
    printf ("%d %s\n", code, code < 0 ? rac_client_error (cluster) : news.error);
    rac_client_close (&cluster);
    return 0;
}
END
library=$build/libracimo-client.a
libraries=$(sed -n 's/^Libs: .*-lracimo-client//p' "$build/packaging/racimo-client.pc")
sanitizers=$(nm "$library" 2> /dev/null | grep -q __asan_ && echo -fsanitize=address,undefined)
# shellcheck disable=SC2086  # words
compile () { ${CC:-cc} -std=c11 -Wall -Wextra -Werror -I"$SRC/api" "$1" -o "$2" "$library" $libraries $sanitizers > stdout 2> stderr; }
program () { RACIMO_CONFIG=$work/me/racimo.conf timeout 60 "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null; }
programs () {
    ! emulated 'programs that launch a job' || return
    holds 'the library shows its own names only' test -z "$(nm -g --defined-only "$library" | awk 'NF == 3 { print $3 }' | grep -v '^rac_client_')"
    holds 'doc/launch.c compiles' compile "$SRC/doc/launch.c" launch
    holds 'program.c compiles' compile program.c program
    holds 'a program launches a job' program ./launch "$work/data/opticks.txt" "$work/data/launched/"
    holds 'a program launches a job: hears of its end' said stdout '^job [0-9]+ is done$'
    holds 'a program launches a job: the result' same data/launched expected
    program ./launch "$work/data/opticks.txt" "$work/data/launched/"
    holds 'a program is told why not' said stderr 'launch: .*data/launched'
    gate ours
    program ./program "$job" cancel
    holds 'a program cancels' grep -qx '130 cancelled' stdout
    holds 'a program cancels: whoever follows is told' gone 130
    program ./program "$job"
    holds 'a program asks for the end of one that has ended' grep -qx '130 cancelled' stdout
    program ./program 99999
    holds 'a program asks for one that never was' said stdout '^-1 there is no job 99999'
}
programs

# ---- the master comes again

on me jobs --json
cp stdout before
gate lost
kill -KILL $(pgrep -P "$master")                        # the one that decides; the other, which watches over it, ends then
wait "$master" 2> /dev/null
starts head master
master=$daemon
holds 'a killed master comes again' says head 'ready: control port'
holds 'a killed master: its jobs are lost, and their clients told' gone 6
on me jobs --json
holds 'jobs are remembered' json "it [0] ['job'] == 1 and it [-1] ['job'] == $job and it [-1] ['state'] == 'failed'"
heard pi1.log "is worker [0-9]+ of" && heard pi2.log "is worker [0-9]+ of"

# ---- many at once

many () {
    local i
    for ((i = 0; i < 50; i++)); do
        RACIMO_TEST_MARK=$mark RACIMO_CONFIG=$work/me/racimo.conf timeout 100 "$RACIMO" run wordcount data/words.txt -o "data/many-$1-$i" --cluster --quiet \
            > /dev/null 2>> "many-$1.err" < /dev/null || echo "$1 $i" >> many.failed
    done
}
if [ "${MANY:-200}" -gt 0 ]; then
    for who in 1 2 3 4; do many $who & clients[who]=$!; done
    wait "${clients[@]}"
    "$RACIMO" run wordcount data/words.txt > few 2> /dev/null
    right=0
    for out in data/many-*; do same "$out" few && right=$((right + 1)); done
    cat many-*.err > stderr
    holds '200 small jobs of four clients' test "$right" -eq 200 -a ! -e many.failed
    on me jobs --json --all
    holds '200 small jobs: all are remembered' json "[job ['state'] for job in it [-200:]] == ['done'] * 200"
fi
