#!/bin/bash
# An installation works from another folder, without the source and build trees: it finds its jobs and its header, its job compiles, the
# manual is a page, racimo.pc gives the flags.
# In `make check` it installs into a folder of its own and runs from there, which is an installation that was moved. In `make installcheck`
# (part of distcheck) INSTALLED is the prefix that this build was made for; then the program alone, moved, has to find it too.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "${SRC:?is the source tree}/tests/system/common.sh"
cd "$work" || exit 1
unset RACIMO_HOME
moved=()

if [ -n "${INSTALLED:-}" ]; then
    prefix=$INSTALLED
else
    if ! env -u MAKEFLAGS -u MAKELEVEL make -s -C "$build" install DESTDIR="$work/stage" prefix=/opt/racimo > stdout 2> stderr; then
        fail "make install: $(tail -1 stderr)"
        exit
    fi
    prefix=$work/stage/opt/racimo
fi
[ -x "$prefix/bin/racimo" ] || { fail "$prefix/bin/racimo is not there"; exit; }

# works NAME PROGRAM: from a folder that has nothing to do with racimo.
works () {
    local name=$1 expected=$SRC/data/expected/opticks.wordcount.tsv
    RACIMO=$2
    rm -rf elsewhere
    mkdir elsewhere && cd elsewhere || exit 1
    holds "$name: list" test "$("$RACIMO" list 2> "$work/stderr" | wc -l)" -eq "$(find "$SRC/jobs" -name '*.c' | wc -l)"
    run wordcount "$SRC/data/opticks.txt" --quiet
    if [ "$code" -eq 0 ] && cmp -s "$work/stdout" "$expected"; then
        pass "$name: a shipped job"
    else
        fail "$name: a shipped job: exit code $code: $(tail -1 "$work/stderr")"
    fi
    "$RACIMO" new mine > "$work/stdout" 2> "$work/stderr"
    run mine.c mine.input.csv --quiet
    if [ "$code" -eq 0 ] && [ "$(wc -l < "$work/stdout")" -eq 3 ]; then
        pass "$name: a new job"
    else
        fail "$name: a new job: exit code $code: $(tail -1 "$work/stderr")"
    fi
    cd "$work" || exit 1
}

works installed "$prefix/bin/racimo"
if [ -n "${INSTALLED:-}" ]; then
    mkdir alone
    cp "$prefix/bin/racimo" alone
    works 'moved alone' "$work/alone/racimo"
fi

holds 'the manual' grep -q '^\.Nm racimo' "$prefix/share/man/man1/racimo.1"
for unit in master worker; do
    holds "the unit racimo-$unit" test -s "$prefix/lib/systemd/system/racimo-$unit.service"
done
holds 'the user of the daemons' grep -q '^u racimo ' "$prefix/lib/sysusers.d/racimo.conf"
# With the program where this build has it: verify wants to find it. It returns 0 on unknown settings, so any output counts.
if command -v systemd-analyze > /dev/null; then
    for unit in master worker; do
        sed "s|^ExecStart=[^ ]*|ExecStart=$RACIMO|" "$prefix/lib/systemd/system/racimo-$unit.service" > "racimo-$unit.service"
        timeout 60 systemd-analyze verify --man=no "./racimo-$unit.service" > "$work/stderr" 2>&1
        holds "systemd-analyze has nothing to say about racimo-$unit" test ! -s "$work/stderr"
    done
fi
holds 'the page about results' test -s "$prefix/share/doc/racimo/semantics.md"

if command -v pkg-config > /dev/null; then
    export PKG_CONFIG_PATH=$prefix/share/pkgconfig
    [ -n "${INSTALLED:-}" ] || moved=(--define-variable=prefix="$prefix")
    flags=$(pkg-config "${moved[@]}" --cflags racimo 2> stderr)
    # shellcheck disable=SC2086  # flags are words
    holds "racimo.pc: $flags" cc -std=c11 -D_GNU_SOURCE $flags -fsyntax-only "$prefix"/share/racimo/jobs/*.c 2> stderr
    holds 'racimo.pc: where the jobs are' test -e "$(pkg-config "${moved[@]}" --variable=jobsdir racimo)/wordcount.c"
else
    echo 'SKIP racimo.pc: no pkg-config here'
fi
