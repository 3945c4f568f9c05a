#!/bin/bash
# cluster_jobs: all of a job travels to nodes that share no disk with the head or the client: its side files, its code for each CPU. And
# what a node has kept of it may be deleted while it works.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
. "$SRC/tests/system/cluster.sh"
export RACIMO_HOME=${RACIMO_HOME:-$build} RACIMO_BLIND=1
cd "$work/data" || exit 1

# A laptop's folder, outside what clients may read on the head.
laptop=$shm/laptop
roots=$work/data
mkdir "$laptop" "$roots/head" "$roots/out"

cp "$SRC/tests/system/jobs/weigh.c" "$laptop"

result=$roots/out/result
# alike NAME WORDS...: typed in the laptop's folder, the cluster gives what a run there does.
alike () {
    cd "$laptop" || exit 1
    same "$@"
}
# refuses NAME CODE PATTERN WORDS...: the cluster does not, in one line like that.
refuses () {
    local name=$1 expected=$2 pattern=$3
    shift 3
    cd "$laptop" || exit 1
    rm -rf "$result"
    on me run "$@" -o "$result" --master localhost --quiet
    refused "$name" "$expected" "$pattern"
}
# Bytes that have come to the only node from the head, as its last beat says.
streamed () {
    on me nodes --json --master localhost
    python3 -c "import json, sys; print (*(node ['streamed_bytes'] for node in json.load (sys.stdin)))" < "$work/stdout"
}
# comes NAME BYTES: so many bytes, and few more, have come since the last call. A new side file of PROBE bytes shows that the beat is new.
seen=0
PROBE=50000
comes () {
    local now=0 due=$((SECONDS + 20))
    bytes $PROBE > "$laptop/probe"
    alike "$1: a new file" ./weigh.c --model probe
    while [ $SECONDS -lt $due ] && [ "$now" -lt $((seen + $2 + PROBE)) ]; do now=$(streamed); done
    if [ "$now" -ge $((seen + $2 + PROBE)) ] && [ "$now" -lt $((seen + $2 + 10 * PROBE)) ]; then pass "$1"; else fail "$1: $now bytes after $seen"; fi
    seen=$now
}
bytes () { head -c "$1" /dev/urandom; }

holds 'the cluster is up' cluster 1

# ---- side files

bytes 4000000 > "$laptop/weights.bin"
alike 'a side file that lies with the client' ./weigh.c
comes 'it comes once' 4000000
alike 'the same again' ./weigh.c
comes 'what a client brought once is not sent again' 0
bytes 90000 > "$laptop/weights.bin"
alike 'another one under that name' ./weigh.c
: > "$laptop/empty"
alike 'an empty side file' ./weigh.c --model empty
mv "$laptop/weights.bin" "$laptop/renamed.bin"
alike 'by an option' ./weigh.c --model renamed.bin
refuses 'a side file that is nowhere' 2 "side file 'model': neither with the client nor on the head: weights.bin: not found on the head"  ./weigh.c

bytes 20000000 > "$roots/head/model"
alike 'a large side file on the head' ./weigh.c --model "$roots/head/model"
comes 'it comes once, from the head' 20000000
alike 'the same file again' ./weigh.c --model "$roots/head/model"
comes 'it lies in the cache now' 0
bytes 20000001 > "$roots/head/model"
add_node () {
    on head cluster token
    on pi2 cluster join "$(word)" --node pi2 --slots 2 --memory 128M
    [ "$code" -eq 0 ] || return 1
    starts pi2 worker
    worker[2]=$daemon
    says pi2 'is worker'
}
holds 'a second node' add_node
alike 'another file there is another file' ./weigh.c --model "$roots/head/model"

bytes 9000000 > "$laptop/large"
refuses 'too large to travel' 2 'larger than the 8 MiB that travel with a job, and the head has none: large: not found' ./weigh.c --model large
refuses 'too large to travel, and outside the roots' 2 "and the head has none: $laptop/large: lies outside" ./weigh.c --model "$laptop/large"
cp "$laptop/large" "$work/large"
alike 'too large to travel, but the head has the same' ./weigh.c --model large
bytes 9000000 > "$work/large"
refuses 'too large to travel, and the head has another' 2 'side file large: is another one here than on the head' ./weigh.c --model large

# Who cannot compile does not know what the job declares, but what its options say.
cd "$laptop" || exit 1
run ./weigh.c --model renamed.bin -o "$work/named" --quiet
blind () {
    RACIMO_CC=none on me run ./weigh.c --model=renamed.bin -o - --master localhost --quiet
    [ "$code" -eq 0 ] && cat "$work/named"/part-* | cmp -s - "$work/stdout"
}
holds 'from a client without a compiler' blind
cd "$work/data" || exit 1

# ---- a node without a compiler

# slow takes long enough for all nodes to come in.
cat > "$laptop/slow.c" <<'C'
#include <racimo.h>
#include <time.h>

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    const struct timespec pause = { 0, 30 * 1000 * 1000 };
    (void) state;
    nanosleep (&pause, 0);
    return rac_emit (out, in->rows, in->column, 1);
}

RAC_JOB (plan)
{
    rac_numbered (plan, rac_param_i64 (plan, "tasks", "300", "how many") * RAC_ROWS);
    rac_map (plan, map);
    rac_value (plan, "n", RAC_I64);
    rac_fold (plan, "sum", RAC_SUM, "n");
    return RAC_OK;
}
C
# Attempts of a node in the last job.
attempts () {
    python3 -c "import json, sys; print (sum (node ['attempts'] for node in json.load (open (sys.argv [1])) ['nodes'] if node ['node'] == sys.argv [2]))" \
        "$roots/out/result/_job.json" "$1"
}
stops () {                                              # stops N: node N ends in order
    kill -TERM "${worker[$1]}"
    timeout 20 tail -s 0.02 --pid="${worker[$1]}" -f /dev/null
}

on head cluster token --uses 2
tokens=$(word)
on pi3 cluster join "$tokens" --node pi3 --slots 6 --memory 256M
RACIMO_CC=/nix/cc starts pi3 worker
worker[3]=$daemon
holds 'a node without a compiler' says pi3 'is worker'
on me nodes --master localhost
holds 'it is shown as such' grep -Eq '^pi3 .*no compiler' "$work/stdout"
alike 'it runs what another one has compiled' ./slow.c
holds 'it has worked' test "$(attempts pi3)" -gt 0
holds 'the head says whose build that is' says head 'runs as pi[12] has compiled it'
on me run "$laptop/weigh.c" --model "$laptop/renamed.bin" -o - --master localhost --quiet
fine 'a job with a side file there'
stops 1
stops 2
cp "$laptop/slow.c" "$laptop/alone.c"
refuses 'if nobody else is there, it says so' 4 'pi3: has no compiler, and no node with the same CPU' ./alone.c

# ---- what a node has kept is deleted while it works

again () {                                              # again N: node N once more
    RACIMO_WORKER_CACHE=$work/pi$1/kept back "$1"
}
stops 3
holds 'a node once more' again 1
cache=$work/pi1/kept
cp "$work/data/head/model" "$laptop/many.bin" && truncate -s 5M "$laptop/many.bin"
alike 'with all caches' ./weigh.c --model many.bin
holds 'they are there' test -d "$cache/bundles" -a -d "$cache/jobs" -a -d "$cache/chunks"
rm -rf "$cache/bundles"
alike 'its sources are gone' ./weigh.c --model many.bin
find "$cache/bundles" -name weigh.c -delete
cp "$laptop/weigh.c" "$laptop/again.c"
rm -rf "$cache/jobs"
alike 'its sources in part, and what was compiled' ./weigh.c --model many.bin
rm -rf "$cache"
alike 'everything' ./weigh.c --model many.bin
# In the middle: executors come and go, and each needs the job's code and its side file again.
cat > "$laptop/mortal.c" <<'C'
#include <racimo.h>
#include <time.h>
#include <unistd.h>

static rac_status open_table (const rac_env *env, void **state)
{
    (void) state;
    return env->side (env, "table").size == 5 << 20 ? RAC_OK : RAC_FAIL;
}

static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    const struct timespec pause = { 0, 10 * 1000 * 1000 };
    int64_t task = in->column [0].at.i64 [0] / RAC_ROWS;
    char mark [] = "MARK.0";
    (void) state;
    mark [sizeof mark - 2] = (char) ('0' + task / 10);
    for (int waits = 0; task >= 20 && waits < 2000 && access ("MARK.go", F_OK); waits++)
        nanosleep (&pause, 0);                          // until the caches are gone
    if (task % 10 == 0 && !symlink ("x", mark))
        _exit (1);                                      // the first attempt of each tenth task dies
    return rac_emit (out, in->rows, in->column, 1);
}

RAC_JOB (plan)
{
    rac_side (plan, "table", "many.bin");
    rac_numbered (plan, 60 * RAC_ROWS);
    rac_open (plan, open_table, 0);
    rac_map (plan, map);
    rac_result (plan, "n", RAC_I64);
    return RAC_OK;
}
C
sed -i "s|MARK|$laptop/mark|" "$laptop/mortal.c"
cd "$laptop" || exit 1
(due=$((SECONDS + 30)); until [ -h mark.1 ] || [ $SECONDS -ge $due ]; do read -rt 0.05 <> <(:); done; until rm -rf "$cache" 2> /dev/null; do :; done; : > mark.go) &
on me run ./mortal.c -o "$roots/out/mortal" --master localhost --quiet
wait $!
fine 'all caches vanish in the middle of a job'
holds 'all caches vanish in the middle of a job: the result' test "$(cat "$roots/out/mortal"/part-* | wc -l)" -eq $((60 * 4096))

# ---- compiled by its author, one file a CPU

cd "$laptop" || exit 1
here=$(uname -m)
if [ "$here" = aarch64 ]; then other=x86_64 number='\076'; else other=aarch64 number='\267'; fi
compile () { ${CC:-cc} -O2 -shared -fPIC -ffp-contract=off -funsigned-char -I"$SRC/api" "$SRC/jobs/pi.c" -o "$1" 2> "$work/stderr"; }
holds 'a job is compiled' compile ready.so
alike 'a job of one CPU' ./ready.so --samples 100000
# Another CPU's: the same but for what its header says.
cp ready.so "ready.$other.so"
printf '%b' "$number" | dd of="ready.$other.so" bs=1 seek=18 conv=notrunc 2> "$work/stderr"
alike 'each node takes its own' ./ready.so --samples 100000
cp ready.so "both.$here.so"
cp "ready.$other.so" "both.$other.so"
alike 'whichever is named' "./both.$other.so" --samples 100000
cp "ready.$other.so" "alone.$other.so"
run "./alone.$other.so" --samples 1000
refused 'not for this CPU' 4 "alone\.$other\.so: is compiled for $other and not for $here: alone\.$here\.so beside it would do"
refuses 'nor for any node' 4 "alone\.$other\.so: is compiled for $other and not for $here" "./alone.$other.so" --samples=1000
echo nonsense > none.so
run ./none.so
refused 'no shared object' 4 'none.so: is no shared object'
