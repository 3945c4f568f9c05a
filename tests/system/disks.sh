#!/bin/bash
# disks: a disk that fails at any moment of a run: one line that names the file, exit code 5, nothing under the final name. The calls of
# the run's processes are made to fail by a library of our own (sick.c), which needs neither root nor a bad disk.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "$(dirname "$0")/common.sh"
cd "$work" || exit 1
ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0

if ! "${CC:-cc}" -shared -fPIC -O1 -o sick.so "$SRC/tests/system/sick.c" -ldl 2> stderr; then
    fail "the library that fails does not compile: $(head -1 stderr)"
    exit
fi
make distinct distinct 3 120000
lines=$work/data/distinct

# sick NAME CALL ERROR PATTERN SAYS ARGUMENTS...: the call fails on files whose name matches.
sick () {
    local name=$1 call=$2 number=5 pattern=$4 says=$5
    [ "$3" = EIO ] || number=28
    shift 5
    SICK="$call $number $pattern" LD_PRELOAD=$work/sick.so fails "$name" 5 "$says" "$@"
}

# First without: what is preloaded does no harm, and the job is compiled.
SICK="none 5 none" LD_PRELOAD=$work/sick.so run sort --slots 2 "$lines" -o ok
if [ "$code" -eq 0 ]; then pass 'no failure'; else fail "no failure: exit code $code: $(tail -1 stderr)"; fi

io='Input/output error'
full='No space left on device'
sick "--sync: EIO at the fsync of a part" fsync EIO '*/attempts/part-*' "part-0.*: cannot sync: $io" sort --sync "$lines"
sick "--sync: EIO at the fsync of _job.json" fsync EIO '*/_job.json' "_job\.json: cannot sync: $io" sort --sync "$lines"
sick "--sync: EIO at the fsync of _SUCCESS" fsync EIO '*/_SUCCESS' "_SUCCESS: cannot sync: $io" sort --sync "$lines"
sick "--sync: EIO at the fsync of the folder" fsync EIO "$work/.out.racimo-*-1" "/\.out\.racimo-[-0-9]*: cannot sync: $io" sort --sync "$lines"
for slots in 1 3; do
    sick "EIO at the write of a part, $slots slots" write EIO '*/attempts/part-*' "part-.*: cannot write: $io" sort --slots $slots "$lines"
    sick "a disk is full at the write of a part, $slots slots" write ENOSPC '*/attempts/part-*' "part-.*: cannot write: $full" sort --slots $slots "$lines"
    sick "EIO at the write of a segment, $slots slots" write EIO '*/segment-*' "segment-.*: cannot write: $io" sort --slots $slots "$lines"
    sick "a disk is full at the write of a run, $slots slots" write ENOSPC '*/segment-*' "segment-.*: cannot write: $full" \
        sort --slots $slots --memory 16M "$lines"
done
sick "EIO at the close of a part" close EIO '*/attempts/part-*' "part-.*: cannot write: $io" sort "$lines"
sick "EIO at the close of a segment" close EIO '*/segment-*' "segment-.*: cannot write: $io" sort "$lines"
sick "EIO at the write of _job.json" write EIO '*/_job.json' "_job\.json: cannot write: $io" sort "$lines"

# Rows that are left out, and a result that is a file: both are synced too, and both fail as a whole.
{ head -5000 "$lines"; echo 1; } > mixed
sick "--sync: EIO at the fsync of rejected rows" fsync EIO '*/attempts/*.rejected' "rejected: cannot write: $io" \
    sort --numeric --max-rejects 1000000 --sync mixed
sick "--sync: EIO at the fsync of the folder of rejected rows" fsync EIO '*/_rejected' "_rejected: cannot sync: $io" \
    sort --numeric --max-rejects 1000000 --sync mixed

# sick_file NAME CALL PATTERN: the same for a file.
sick_file () {
    rm -f "$work"/out.txt*
    SICK="$2 5 $3" LD_PRELOAD=$work/sick.so run sort --numeric --max-rejects 1000000 --sync mixed -o out.txt
    if [ "$code" -eq 5 ] && [ "$(wc -l < stderr)" -eq 1 ] && grep -q "$io" stderr && [ ! -e out.txt ] && [ ! -e out.txt.rejected ] && [ -z "$(left_over)" ]; then
        pass "$1"
    else
        fail "$1: exit code $code, $(ls "$work"/out.txt* 2> /dev/null) $(left_over) $(cat stderr)"
    fi
}
sick_file "--sync: EIO at the fsync of a file" fsync '*/joined'
sick_file "--sync: EIO at the fsync of its rejected rows" fsync '*/rejected'
sick_file "EIO at the close of a file" close '*/joined'
