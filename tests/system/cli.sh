#!/bin/bash
# cli: what the command line does before, beside and after a job: words, options, where the result goes, exit codes, one line a failure.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "$(dirname "$0")/common.sh"
cd "$work" || exit 1
printf 'Hello world\nhello you, the World!\n' > words.txt
printf 'hello\t2\nthe\t1\nworld\t2\nyou\t1\n' > words.tsv
printf 'word,count\nhello,2\nthe,1\nworld,2\nyou,1\n' > words.csv
printf 'town,note\nLima,5\nOslo,\n' > towns.csv

# racimo ARGUMENTS...: any command; $code, stdout and stderr as run does.
racimo () {
    RACIMO_TEST_MARK=$mark timeout -k 5 60 "$RACIMO" "$@" > stdout 2> stderr < /dev/null
    code=$?
}

# says NAME CODE FILE PATTERN ARGUMENTS...: the command ends with CODE and FILE (stdout or stderr) has a line that matches; a failure is one line.
says () {
    local name=$1 expected=$2 file=$3 pattern=$4
    shift 4
    racimo "$@"
    if [ "$code" -ne "$expected" ]; then
        fail "$name: exit code $code, not $expected: $(tail -1 stderr)"
    elif ! grep -Eq -- "$pattern" "$file"; then
        fail "$name: $file does not say /$pattern/: $(head -3 "$file")"
    elif [ "$file" = stderr ] && [ "$(wc -l < stderr)" -ne 1 ]; then
        fail "$name: says $(wc -l < stderr) lines"
    elif [ -n "$(left_over)" ]; then
        fail "$name: leaves$(left_over)"
    else
        pass "$name"
    fi
}

# same NAME FILE EXPECTED: after a run.
same () {
    if [ "$code" -eq 0 ] && cmp -s "$2" "$3"; then
        pass "$1"
    else
        fail "$1: exit code $code, $(cmp "$2" "$3" 2>&1 | head -1) $(tail -1 stderr)"
    fi
}

# ---- commands

racimo
if [ "$code" -eq 2 ] && grep -q 'racimo run' stderr && [ ! -s stdout ]; then pass 'no command: an overview, as an error'; else fail 'no command'; fi
says 'unknown command' 2 stderr "no command 'rnu': did you mean run" rnu words.txt
says 'help' 0 stdout 'racimo describe' help
says '--help' 0 stdout 'racimo describe' --help
says 'help of a command' 0 stdout '--max-rejects N' help run
says 'help of an unknown command' 2 stderr 'no command' help nix
says 'run --help' 0 stdout '--overwrite' run --help
for command in list describe new help version; do says "$command --help" 0 stdout "racimo .*$command" $command --help; done
says 'run JOB --help' 0 stdout '--utf8' run wordcount --help
says '--version' 0 stdout '^racimo [0-9]+\.[0-9]+' --version
says 'list' 0 stdout '^wordcount +How often' list
says 'list takes no words' 2 stderr 'no words' list all
says 'describe' 0 stdout 'count +i64' describe wordcount
says 'describe --json' 0 stdout '"name": "utf8", "type": "flag"' describe wordcount --json
says 'describe a job that needs options' 0 stdout '--by TEXT' describe groupby
says 'describe with options' 0 stdout 'max_delay +f64' describe groupby --by origin --agg max:delay
says 'describe without a job' 2 stderr 'needs a job' describe
says 'describe with an input' 2 stderr 'needs no input' describe wordcount words.txt

# ---- a job's name, its options and ours

says 'no job' 2 stderr 'needs a job' run
says 'unknown job' 2 stderr "no job 'wordcuont': did you mean wordcount" run wordcuont words.txt
says 'a job that is no file' 2 stderr '^racimo: nix.c: No such file' run nix.c words.txt
says 'a job that is no source' 2 stderr 'words.txt: a job is a C or C\+\+ file' run words.txt
says 'no input' 2 stderr 'no input' run wordcount
says 'input that is not there' 2 stderr 'nix.txt: No such file' run wordcount nix.txt
says 'a pattern without a match' 2 stderr '\*nix: no file matches' run wordcount '*nix'
mkdir bare
says 'a folder without files' 2 stderr 'bare: holds no files' run wordcount bare
says 'standard input' 2 stderr 'standard input' run wordcount -
says 'input for a job that wants none' 2 stderr 'reads no input' run pi words.txt
says 'unknown option' 2 stderr 'wordcount has no option --utf: did you mean --utf8\?.*racimo describe wordcount' run wordcount words.txt --utf
says 'our option, misspelt' 2 stderr 'did you mean --overwrite' run wordcount words.txt --overwirte
says 'a job option before the job' 2 stderr 'unknown option --utf8 .*behind its name' run --utf8 wordcount words.txt
says 'unknown short option' 2 stderr 'unknown option -x' run wordcount words.txt -x
says 'a value of the wrong type' 2 stderr '--samples abc: give a whole number' run pi --samples abc
says 'a number too large' 2 stderr '--samples' run pi --samples 99999999999999999999
says 'a value that is missing' 2 stderr '--samples: a value must follow' run pi --samples
says 'a value for a flag' 2 stderr '--utf8 takes no value' run wordcount --utf8=1 words.txt
says 'a value that the job refuses' 2 stderr '--samples must be 1 or more' run pi --samples 0
says 'a job that lacks an option' 2 stderr 'give --by' run groupby towns.csv
says 'a column that is not there' 2 stderr "no column 'nix'; it has: town, note" run groupby towns.csv --by nix
for bad in '--slots 0' '--slots x' '--slots -1' '--memory 5X' '--memory 1' '--memory 99999999999T' '--chunk 0' '--batch-rows 4097' '--partitions 0' \
    '--format xml' '--output-format msgpack' '--output-header maybe' '--delimiter ab' '--max-rejects -1' '--task-timeout 0'; do
    # shellcheck disable=SC2086  # an option and its value
    says "$bad" 2 stderr "^racimo: $bad: (give|at least)" run wordcount words.txt $bad
done

racimo run pi --samples 1000 --seed=7 --quiet --samples=2000
cp stdout twice
racimo run pi --samples 2000 --seed 7 --quiet
same 'an option given twice counts as given last' stdout twice
racimo run pi --samples 1000 --seed -5 --quiet
if [ "$code" -eq 0 ]; then pass 'a value may begin with a dash'; else fail "a value may begin with a dash: $(cat stderr)"; fi
racimo run --slots 1 --memory=64M --quiet wordcount -- words.txt
same 'our options before the job, -- before the input' stdout words.tsv
cp words.txt -- --words.txt
racimo run wordcount --quiet -- --words.txt
same 'a name that begins with dashes' stdout words.tsv

# ---- where the result goes

racimo run wordcount words.txt
same 'no -o: standard output' stdout words.tsv
if grep -q '1 file, .* 2 rows -> 4 rows' stderr; then pass 'a summary on standard error'; else fail "a summary on standard error: $(cat stderr)"; fi
racimo run wordcount words.txt -o - --quiet
same '-o -: standard output' stdout words.tsv
if [ -s stderr ]; then fail "--quiet: says $(cat stderr)"; else pass '--quiet says nothing'; fi
racimo run wordcount words.txt -o folder --quiet
same '-o NAME: a folder' folder/part-00000.tsv words.tsv
if [ -e folder/_SUCCESS ] && grep -q '"rows_out": 4' folder/_job.json; then pass '_SUCCESS and _job.json'; else fail '_SUCCESS and _job.json'; fi
says 'a result that is there' 5 stderr 'folder: exists; --overwrite' run wordcount words.txt -o folder
racimo run wordcount --utf8 words.txt -o folder/ --overwrite --output-format csv --quiet
same '--overwrite' folder/part-00000.csv words.csv
if [ -e folder/part-00000.tsv ]; then fail '--overwrite leaves old parts'; else pass '--overwrite leaves nothing of the old'; fi
racimo run wordcount words.txt --output=deep.folder/ --quiet
same '-o NAME.EXTENSION/: a folder' deep.folder/part-00000.tsv words.tsv
racimo run wordcount words.txt -owords.out --quiet
same '-o NAME.EXTENSION: a file' words.out words.tsv
printf 'k,v\na,1\nb,x\n' > bad.csv
racimo run groupby bad.csv --by k --agg sum:v --max-rejects 1 -o bad.out
if grep -q 'left out, see bad.out.rejected$' stderr && grep -q 'b,x' bad.out.rejected; then pass 'rejects beside a file'; else fail "rejects beside a file: $(cat stderr)"; fi
racimo run groupby bad.csv --by k --agg sum:v --max-rejects 1 -o bad/
if grep -q 'left out, see bad/_rejected$' stderr && grep -q 'b,x' bad/_rejected/*; then pass 'rejects in a folder'; else fail "rejects in a folder: $(cat stderr)"; fi
racimo run groupby bad.csv --by k --agg sum:v --max-rejects 1
if grep -q 'left out; with -o' stderr; then pass 'rejects without a place'; else fail "rejects without a place: $(cat stderr)"; fi
says 'a file that is there' 5 stderr 'words.out: exists' run wordcount words.txt -o words.out
racimo run wordcount words.txt -o words.out --overwrite --output-format csv --output-header no --quiet
tail -n +2 words.csv > bare.csv
same '--output-header no, over a file' words.out bare.csv
racimo run wordcount words.txt --output-header yes --quiet
if [ "$(head -1 stdout)" = "$(printf 'word\tcount')" ]; then pass '--output-header yes'; else fail "--output-header yes: $(head -1 stdout)"; fi
says 'no folder for the result' 5 stderr 'nix: cannot write there' run wordcount words.txt -o nix/out
says 'an empty name' 2 stderr 'name is empty' run wordcount words.txt -o ''
racimo run wordcount words.txt --json -o json
if [ "$code" -eq 0 ] && cmp -s stdout json/_job.json; then pass '--json: the summary on standard output'; else fail '--json'; fi
racimo run wordcount words.txt --json
if [ "$code" -eq 0 ] && cmp -s stdout words.tsv && grep -q '"rows_in": 2' stderr; then pass '--json beside a result on standard output'; else fail '--json beside a result'; fi

# ---- standard output that ends or fails

"$generate" words 1 200000 > many.txt 2> /dev/null || seq 200000 > many.txt
RACIMO_TEST_MARK=$mark "$RACIMO" run sort many.txt --quiet 2> stderr | head -1 > /dev/null
codes=("${PIPESTATUS[@]}")
if [ "${codes[0]}" -eq 0 ] && [ ! -s stderr ] && [ -z "$(left_over)" ]; then pass 'a reader that has seen enough'; else fail "a reader that has seen enough: ${codes[0]} $(cat stderr) $(left_over)"; fi
RACIMO_TEST_MARK=$mark "$RACIMO" run wordcount words.txt --quiet > /dev/full 2> stderr
code=$?
if [ "$code" -eq 5 ] && grep -q 'standard output: No space' stderr; then pass 'a full disk behind standard output'; else fail "a full disk: $code $(cat stderr)"; fi

# ---- many inputs, a moved program, a long TMPDIR

mkdir many
for i in $(seq 2500); do echo "one $i" > "many/a-name-that-takes-its-place-in-a-message-$i.txt"; done
printf 'one\t2500\n' > ones.tsv
racimo run wordcount many/*.txt --quiet
same 'more inputs than a message holds' stdout ones.tsv
long=$work/$(printf 'x%.0s' $(seq 90))
mkdir "$long"
TMPDIR=$long racimo run wordcount words.txt --quiet
same 'a TMPDIR too long for a socket' stdout words.tsv

# What is spilled goes where TMPDIR says, and nowhere else: the job waits in its map while we look.
mkfifo started go
spilled_to () {
    local name=$1 folder=$2 runner
    (TMPDIR=$3 RACIMO_TEST_MARK=$mark timeout 60 "$RACIMO" run "$SRC/tests/system/jobs/gate.c" --started "$work/started" --go "$work/go" --slots 1 words.txt \
        -o gate.tsv --overwrite --quiet > stdout 2> stderr < /dev/null; echo $? > code) &
    runner=$!
    timeout 30 cat started > /dev/null
    find "$folder" -path '*/racimo-*/scratch' > found
    timeout 30 dd if=/dev/null of=go status=none
    wait "$runner"
    if [ "$(cat code)" -eq 0 ] && [ -s found ] && [ -z "$(ls -A "$folder")" ]; then pass "$name"; else fail "$name: $(cat found code stderr)"; fi
}
spilled_to 'a long TMPDIR is where scratch files go' "$long" "$long"
mkdir near
spilled_to 'a relative TMPDIR is where scratch files go' "$work/near" ./near
for wrong in "$work/no/such/folder" words.txt "$(printf 'y%.0s' $(seq 300))"; do
    TMPDIR=$wrong racimo run wordcount words.txt --quiet
    if [ "$code" -eq 2 ] && [ "$(wc -l < stderr)" -eq 1 ] && grep -q '^racimo: TMPDIR=.*: cannot make a folder there: ' stderr; then
        pass "a TMPDIR that cannot be used: $(cut -c 1-60 stderr)"
    else
        fail "a TMPDIR that cannot be used: $code $(cat stderr)"
    fi
done
# A TMPDIR that has no room for one more name, wherever that is met: the processes that cannot go on say it in one line, with the folder's name.
if mkdir tight && unshare -m true 2> stderr; then
    for names in 2 3 4 5; do
        # shellcheck disable=SC2016  # the inner shell expands
        env -u TMPDIR unshare -m bash -c 'mount -t tmpfs -o nr_inodes="$1" none tight && TMPDIR=$PWD/tight exec timeout 60 "$RACIMO" run wordcount words.txt -o tight.tsv --overwrite --quiet' \
            - "$names" 2> stderr
        code=$?
        if [ "$code" -eq 0 ] && cmp -s tight.tsv words.tsv; then
            pass "a TMPDIR with room for $names names is enough"
        elif [ "$code" -ne 0 ] && [ "$(wc -l < stderr)" -eq 1 ] && grep -q 'tight.*No space left on device' stderr; then
            pass "a TMPDIR with room for $names names: $(sed 's/.*tight/tight/' stderr)"
        else
            fail "a TMPDIR with room for $names names: $code $(tr '\n' '|' < stderr)"
        fi
    done
else
    echo "SKIP a TMPDIR without room: no mount namespaces here"
fi
TMPDIR='' racimo run wordcount words.txt --quiet
same 'an empty TMPDIR is none' stdout words.tsv
mkdir home away
ln -s "$SRC/api" home/api
ln -s "$SRC/jobs" home/jobs
cp "$RACIMO" away/racimo
RACIMO=$work/away/racimo RACIMO_HOME=$work/home racimo run wordcount words.txt --quiet
same 'RACIMO_HOME' stdout words.tsv

( ulimit -s 64; racimo run wordcount words.txt; exit "$code" )
code=$?
if [ "$code" -eq 2 ] && [ "$(wc -l < stderr)" -eq 1 ] && grep -q 'ulimit -s 64: too small a stack' stderr; then pass 'a stack too small'; else fail "a stack too small: $code $(cat stderr)"; fi
for daemon in master worker; do
    ( ulimit -s 64; XDG_CONFIG_HOME=$work/none racimo "$daemon"; exit "$code" )
    code=$?
    if [ "$code" -eq 2 ] && [ "$(wc -l < stderr)" -eq 1 ] && grep -q "racimo $daemon: ulimit -s 64: too small a stack" stderr; then pass "a stack too small for a $daemon"
    else fail "a stack too small for a $daemon: $code $(cat stderr)"; fi
done
( ulimit -s 1024; racimo run wordcount words.txt --quiet; exit "$code" )
code=$?
same 'a stack just large enough' stdout words.tsv

# ---- new

racimo new first
racimo run ./first.c first.input.csv --quiet
printf 'cellar\t2\t53.6\t54.05\nkitchen\t3\t69.2\t71.6\nroof\t1\t25.7\t25.7\n' > first.tsv
same 'new: the job runs at once' stdout first.tsv
says 'new overwrites nothing' 2 stderr 'first.c is there already' new first
says 'new with a bad name' 2 stderr 'letters, digits' new 'a b'
says 'new without a name' 2 stderr 'takes one name' new
says 'new where nobody can write' 5 stderr 'nix/a.c: No such file' new nix/a

# ---- what a job prints

printf '#include <racimo.h>\nstatic rac_status map (void *s, const rac_batch *in, rac_out *out) { (void) s; fprintf (stderr, "rows %%u\\n", in->rows); return rac_emit (out, in->rows, in->column, 1); }\nRAC_JOB (plan) { rac_input (plan, RAC_LINES, NULL, 0); rac_read (plan, "line", RAC_BYTES); rac_map (plan, map); rac_result (plan, "line", RAC_BYTES); return RAC_OK; }\n' > prints.c
racimo run ./prints.c words.txt --quiet --logs logs/deep
same 'a job that prints' stdout words.txt
holds '--logs keeps what it prints' grep -q 'rows 2' -r logs/deep

# ---- jobs that are wrong before they run

echo 'int x = ;' > broken.c
racimo run broken.c words.txt
if [ "$code" -eq 4 ] && grep -q 'broken.c:1:9: error' stderr && tail -1 stderr | grep -q 'does not compile'; then pass "the compiler's lines"; else fail "the compiler's lines: $code"; fi
echo 'int x;' > empty.c
says 'no RAC_JOB' 4 stderr '^racimo: empty: has no RAC_JOB' run empty.c words.txt
printf '#include <racimo.h>\nRAC_JOB (plan) { (void) plan; abort (); }\n' > aborts.c
emulated 'a declaration that crashes' || says 'a declaration that crashes' 4 stderr 'aborts: crashed in its RAC_JOB: Aborted' run aborts.c words.txt
printf '#include <racimo.h>\nRAC_JOB (plan) { (void) plan; exit (0); }\n' > exits.c
says 'a declaration that exits' 4 stderr 'exits: ended the process' run exits.c words.txt
printf '#include <racimo.h>\nRAC_JOB (plan) { rac_flag (plan, "slots", ""); return RAC_OK; }\n' > slots.c
says "an option of racimo's name" 4 stderr "--slots has the name of one of racimo's own" run slots.c words.txt

# ---- processes that are lost

cat > gate.c <<'END'
#include <racimo.h>
#include <unistd.h>
static rac_status map (void *state, const rac_batch *in, rac_out *out)
{
    (void) state; (void) in; (void) out;
    close (creat ("at.work", 0666));
    for (;;)
        pause ();
}
RAC_JOB (plan)
{
    rac_input (plan, RAC_LINES, NULL, 0);
    rac_read (plan, "line", RAC_BYTES);
    rac_map (plan, map);
    rac_result (plan, "line", RAC_BYTES);
    return RAC_OK;
}
END
sed -i '1i #include <fcntl.h>' gate.c
sed -i "s|\"at.work\"|\"$work/at.work\"|" gate.c

# The child of process $1 that is called $2 (cut to 15 letters by the kernel).
child () {
    local each
    read -ra each < "/proc/$1/task/$1/children"
    for each in "${each[@]}"; do
        [ "$(cat "/proc/$each/comm")" != "$2" ] || echo "$each"
    done
}

# lost NAME CODE PATTERN SIGNAL PROCESS LINES: a run whose PROCESS (client: the run itself) gets SIGNAL while its map is at work.
lost () {
    local name=$1 expected=$2 pattern=$3 pid victim
    rm -rf at.work out
    mkfifo at.work
    RACIMO_TEST_MARK=$mark "$RACIMO" run ./gate.c words.txt -o out > stdout 2> stderr &
    pid=$!
    timeout 30 cat at.work                              # ends when the map has opened and closed it
    victim=$pid
    [ "$5" = client ] || victim=$(child "$pid" "$5")
    kill "-$4" "$victim"
    wait "$pid" 2> /dev/null
    code=$?
    if [ "$code" -ne "$expected" ] || [ "$(grep -Ec "$pattern" stderr)" -ne "$6" ] || [ -e out ] || [ "$(wc -l < stderr)" -gt 1 ]; then
        fail "$name: exit code $code, $(cat stderr)"
    elif [ -n "$(left_over)" ]; then
        fail "$name: leaves$(left_over)"
    else
        pass "$name"
    fi
}
lost 'the master is killed' 6 'process racimo-master ended: Killed' KILL racimo-master 1
lost 'the worker is killed' 6 'process racimo-worker ended: Killed' KILL racimo-worker 1
lost 'the client is killed' 137 '.' KILL client 0
lost 'Ctrl-C' 130 'racimo: cancelled' INT client 1
lost 'SIGTERM' 130 'racimo: cancelled' TERM client 1

# ---- poor surroundings: closed streams, few descriptors, small files

# poor NAME CODE PATTERN COMMAND...: what happens within ten seconds; code 0: with the right result, in out.tsv or on standard output.
"$RACIMO" run wordcount words.txt -o poor.expected.tsv --quiet < /dev/null
poor () {
    local name=$1 expected=$2 pattern=$3 left
    shift 3
    rm -f out.tsv stdout stderr
    RACIMO_TEST_MARK=$mark timeout -k 1 10 bash -c "$*" > stdout 2> stderr
    code=$?
    [ ! -e out.tsv ] || mv out.tsv stdout
    left=$(left_over)
    if [ "$code" -ne "$expected" ] || [ "$(wc -l < stderr)" -gt 1 ] || ! grep -Eq -- "$pattern" stderr stdout; then
        fail "$name: exit code $code, $(head -3 stderr)"
    elif [ "$code" -eq 0 ] && ! cmp stdout poor.expected.tsv; then
        fail "$name: another result"
    elif [ -n "$left" ]; then
        fail "$name: leaves$left"
    else
        pass "$name"
    fi
}
poor 'no standard input' 0 '' "'$RACIMO' run wordcount words.txt -o out.tsv --quiet <&-"
poor 'no standard output' 0 '' "'$RACIMO' run wordcount words.txt -o out.tsv --quiet >&-"
poor 'no standard error' 0 '' "'$RACIMO' run wordcount words.txt -o out.tsv 2>&-"
poor 'no standard stream at all' 0 '' "'$RACIMO' run wordcount words.txt -o out.tsv <&- >&- 2>&-"
poor 'a result for a standard output that is not there' 5 'standard output: Bad file' "'$RACIMO' run wordcount words.txt --quiet >&-"
poor '64 descriptors' 0 '' "ulimit -n 64; '$RACIMO' run wordcount words.txt -o out.tsv --quiet --slots 2"
poor 'more descriptors are allowed than are set' 0 '' "ulimit -Sn 32; '$RACIMO' run wordcount words.txt -o out.tsv --quiet --slots 20"
poor 'more slots than descriptors' 2 '--slots 100: needs [0-9]+ open files' "ulimit -n 64; '$RACIMO' run wordcount words.txt -o out.tsv --slots 100"
poor 'files of no size' 1 'cannot prepare an executor: File too large' "(ulimit -f 0; '$RACIMO' run wordcount words.txt -o out.tsv --quiet 2>&1) | cat; exit \${PIPESTATUS[0]}"

# ---- a job with a name that make's rules have to escape, or cannot

odd=$'odd \t#$\'"%s'
mkdir "$odd" line
cp "$SRC/jobs/wordcount.c" "$odd/$odd.c"
cp "$SRC/jobs/wordcount.c" $'line/o\nd.c'
run "$odd/$odd.c" words.txt --quiet
if [ "$code" -eq 0 ] && cmp stdout poor.expected.tsv; then pass 'a job of an odd name'; else fail "a job of an odd name: $code, $(cat stderr)"; fi
says 'a newline in the name of a job' 4 stderr 'must not hold a newline' run $'line/o\nd.c' words.txt

# ---- completion

# completes NAME EXPECTED WORDS...: the last word is the one to complete; EXPECTED is among what is offered.
# shellcheck source=../../packaging/completion/racimo
. "$SRC/packaging/completion/racimo"
completes () {
    local name=$1 expected=$2
    shift 2
    COMP_WORDS=("$RACIMO" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _racimo
    if printf '%s\n' "${COMPREPLY[@]}" | grep -qx -- "$expected"; then pass "$name"; else fail "$name: ${COMPREPLY[*]}"; fi
}
completes 'complete a command' describe d
completes 'complete a job' wordcount run wor
completes "complete racimo's options" --overwrite run wordcount --over
completes "complete a job's options" --utf8 run --slots 2 wordcount --u
completes 'complete the second name of an option' --no-header run wordcount --no
completes 'complete a choice' csv run wordcount --format c
