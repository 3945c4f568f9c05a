#!/bin/bash
# docs: what doc/writing-a-job.md says is typed and compared, and what doc/tour.md names is looked up in the sources.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
cd "$work/data" || exit 1
mkdir "$work/bin"
ln -s "$RACIMO" "$work/bin/racimo"
export RACIMO_HOME=${RACIMO_HOME:-$build} PATH=$work/bin:$PATH

# ---- the guide: ```c blocks are files, named in their first line; ```console blocks are commands behind "$ " and what they print

awk '
    /^```/ { language = inside ? "" : substr ($0, 4); inside = !inside; file = ""; next }
    language == "c" && file == "" { file = $1 == "//" && sub (/:$/, "", $2) ? $2 : "unnamed"; print file > "jobs.list" }
    language == "c" { print > file }
    language == "console" && /^\$ / { typed++; print substr ($0, 3) > ("typed." typed); next }
    language == "console" { print > ("printed." typed) }' "$SRC/doc/writing-a-job.md"
holds 'every job of the guide has a name of its own' test -z "$(sort jobs.list | uniq -d)" -a ! -e unnamed
holds 'the guide has jobs and commands' test -s typed.1 -a -s jobs.list

compiled () {
    if $1 -Wall -Wextra -Wshadow -Wconversion -Werror -I "$SRC/api" -fsyntax-only "$2" 2> "$work/stderr"; then
        pass "$2 without a warning ($1)"
    else
        fail "$2 ($1): $(head -1 "$work/stderr")"
    fi
}
while read -r job; do
    for compiler in 'gcc -std=c11' 'clang -std=c11' 'g++ -std=c++17 -x c++'; do
        if command -v "${compiler%% *}" > /dev/null; then compiled "$compiler" "$job"; fi
    done
done < jobs.list

for ((number = 1; number <= $(find . -name 'typed.*' | wc -l); number++)); do
    command=$(< "typed.$number")
    touch "printed.$number"
    RACIMO_TEST_MARK=$mark timeout -k 5 60 bash -c "$command" > stdout 2> "$work/stderr" < /dev/null
    code=$?
    if [ "$code" -ne 0 ]; then
        fail "$command: exit code $code: $(tail -1 "$work/stderr")"
    elif ! cmp -s stdout "printed.$number"; then
        fail "$command: prints $(head -2 stdout | tr '\n' '|'), not $(head -2 "printed.$number" | tr '\n' '|')"
    else
        pass "$command"
    fi
done

# The commands that ask for vector loops, as they stand there; only gcc knows these words.
if gcc --version 2> /dev/null | grep -q 'Free Software'; then
    ln -s "$SRC/api" api
    grep '^gcc .*-fopt-info-vec -I' "$SRC/doc/writing-a-job.md" > ask.sh
    bash ask.sh > asked 2>&1
    holds 'the loop of fahrenheit.c is a vector loop' grep -q 'fahrenheit.c.*loop vectorized' asked
    grep '^gcc .*-missed' "$SRC/doc/writing-a-job.md" > ask.sh
    bash ask.sh > asked 2>&1
    holds 'the loop of hot.c is none, and the compiler says why' grep -q 'hot.c.*missed' asked
fi

# ---- the tour: every path exists, every function is in the sources

cd "$SRC" || exit 1
# shellcheck disable=SC2016  # the backquotes are Markdown's
spans () { grep -o '`[^`]*`' "$@" | tr -d '`' | sort -u; }

missing=''
for path in $(spans -h doc/tour.md README.md README.es.md CONTRIBUTING.md | grep -E '^(api|bench|cli|core|data|doc|jobs|master|tests|worker)/[a-z0-9_./-]+$'); do
    [ -e "$path" ] || [ -e "$path.c" ] || missing="$missing $path"
done
if [ -z "$missing" ]; then pass 'the paths that the pages name'; else fail "the pages name what is not there:$missing"; fi

missing=''
for name in $(spans -h doc/tour.md | grep -E '^[a-z][a-z0-9]*_[a-z0-9_]+$' | grep -vE '_t$|^_'); do
    grep -rqE "(^|[^a-z_])$name \(" --include='*.[ch]' api cli core master worker || missing="$missing $name"
done
if [ -z "$missing" ]; then pass 'the functions that the tour names'; else fail "the tour names functions that are not there:$missing"; fi

missing=''
for page in README.md README.es.md CONTRIBUTING.md CHANGELOG.md doc/*.md; do
    for link in $(grep -oE '\]\([^)#]+\)' "$page" | tr -d '()]' | grep -v :); do
        [ -e "$(dirname "$page")/$link" ] || missing="$missing $page:$link"
    done
done
if [ -z "$missing" ]; then pass 'links between the pages'; else fail "links that lead nowhere:$missing"; fi
