#!/bin/bash
# What the READMEs say, typed as it stands. Every line of a `sh` block that begins with `racimo` or `mkdir` is typed, in order, in a folder
# that holds data/ as a fresh copy does; a block without a language behind it is what the last of them prints. A `c` block is a job: it is run
# on the stations of which the text speaks. Both languages have the same commands.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
mkdir "$work/bin"
ln -s "$RACIMO" "$work/bin/racimo"
export RACIMO_HOME=${RACIMO_HOME:-$build} PATH=$work/bin:$PATH

# blocks README: commands (one a line, without the remark behind it), job.c, and printed.N, what the Nth command prints.
blocks () {
    awk '
        /^## / { answers = 0 }
        /^```/ { language = inside ? "" : substr ($0, 4); inside = !inside; plain = inside && language == ""; next }
        inside && language == "sh" && /^(racimo|mkdir) / { sub (/ +# .*/, ""); print > "commands"; answers = ++typed }
        inside && language == "c" { print > "job.c" }
        plain && answers { print > ("printed." answers) }' "$1"
}

# type_all README: in a folder of its own.
type_all () {
    local name=${1%.md} command number=0
    mkdir "$work/$name" && cd "$work/$name" || exit 1
    ln -s "$SRC/data" data
    blocks "$SRC/$1"
    holds "$1 has commands" [ -s commands ]
    while read -r command; do
        number=$((number + 1))
        RACIMO_TEST_MARK=$mark timeout -k 5 60 bash -c "$command" > stdout 2> "$work/stderr" < /dev/null
        code=$?
        if [ "$code" -ne 0 ] || [ -n "$(left_over)" ]; then
            fail "$1: $command: exit code $code: $(tail -1 "$work/stderr") $(left_over)"
        elif [ -e "printed.$number" ] && ! cmp -s "printed.$number" stdout; then
            fail "$1: $command: does not print what it says"
        else
            pass "$1: $command"
        fi
    done < commands
    holds "$1: out/words.tsv" cmp -s out/words.tsv "$SRC/data/expected/opticks.wordcount.tsv"
    run ./job.c "$SRC/data/stations.txt" -o - --quiet
    if [ "$code" -eq 0 ] && cmp -s "$work/stdout" "$SRC/data/expected/stations.stations.tsv"; then
        pass "$1: its job"
    else
        fail "$1: its job: exit code $code: $(tail -1 "$work/stderr")"
    fi
    run ./m[iy]_*.c ./m[iy]_*.csv -o - --quiet
    if [ "$code" -eq 0 ] && [ -s "$work/stdout" ]; then
        pass "$1: the new job, run"
    else
        fail "$1: the new job, run: exit code $code: $(tail -1 "$work/stderr")"
    fi
}

type_all README.md
type_all README.es.md
holds "README.md says what is printed" [ -n "$(find "$work/README" -name "printed.*")" ]
holds "the same commands in both" cmp -s <(grep ' run ' "$work/README/commands") <(grep ' run ' "$work/README.es/commands")
