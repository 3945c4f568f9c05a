#!/bin/bash
# Broken and hostile input, and results that cannot be written: one line that names the thing, the right exit code, nothing under the
# final name, no hang, no temporary file, no process left.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, jobs, ...
. "$SRC/tests/system/common.sh"

data=$work/data
cd "$data" || exit 1

# bytes NAME FORMAT: the file NAME of what printf makes of FORMAT.
bytes () {
    # shellcheck disable=SC2059  # the format is the data
    printf "$2" > "$data/$1"
}

bytes ok 'b;1\na;2\n'
bytes ok-sorted 'a\t2\t2\t2\nb\t1\t1\t1\n'
gives "a plain run" ok-sorted stations ok

# ----------------------------------------------------------------------------------------------------------------------
# gzip

make words words 1 3000
gzip -c words > good.gz
size=$(stat -c %s good.gz)
for cut in 1 5 12 100 $((size / 2)) $((size - 8)) $((size - 1)); do
    head -c "$cut" good.gz > cut.gz
    # One byte is not yet a gzip file but a text of one byte.
    [ "$cut" -eq 1 ] || fails "gzip cut at $cut of $size bytes" 3 'cut\.gz: byte [0-9]+: .*(truncated|corrupt)' wordcount cut.gz
done
{ head -c 2000 good.gz; printf 'XXXXXXXX'; tail -c +2009 good.gz; } > corrupt.gz
fails "corrupt gzip" 3 'corrupt\.gz: byte [0-9]+: ' wordcount corrupt.gz
{ head -c $((size - 8)) good.gz; printf 'XXXXXXXX'; } > checksum.gz
fails "gzip with another checksum" 3 'checksum\.gz: byte [0-9]+: ' wordcount checksum.gz
grep -a mk words | sed 's/\r$//' > expected
{ cat good.gz; printf 'trailing rubbish'; } > trailing.gz
gives "bytes after the gzip data" expected grep --pattern mk trailing.gz
holds "bytes after the gzip data: a warning" grep -q 'trailing\.gz' "$work/stderr"
cp words plain.gz
gives "a plain file named .gz" expected grep --pattern mk plain.gz
cp good.gz packed.txt
gives "a gzip file not named .gz" expected grep --pattern mk packed.txt
# Packed with anything else: refused before a task starts, whatever the format. Their first bytes are enough.
refused_packer () {
    printf '%b%600s\n' "$2" "" > "packed.$1"
    fails "a file packed with $1" 3 "packed\\.$1: is packed with $1: unpack it first \\($3 .*packed\\.$1\\)\$" sort "packed.$1"
    fails "a file packed with $1, --format lines" 3 "is packed with $1" sort --format lines words "packed.$1"
}
refused_packer xz '\3757zXZ\0' 'xz -dk'
refused_packer bzip2 'BZh91AY&SY' 'bzip2 -dk'
refused_packer zstd '\050\265\057\375' 'zstd -dk'
refused_packer lz4 '\004\042\115\030' 'lz4 -dk'
refused_packer zip 'PK\003\004' unzip
refused_packer 7-Zip '7z\274\257\047\034' '7z x'
for packer in xz bzip2; do
    if command -v "$packer" > /dev/null; then
        "$packer" -c words > "real.$packer"
        fails "words packed by $packer" 3 "is packed with $packer" wordcount "real.$packer"
    fi
done
bytes talk 'BZh9 said PK and 7zXZ\n'
gives "a text that begins almost so" talk sort talk
yes 'a line of the bomb' | head -c 190000000 | gzip -c > bomb.gz
echo 10000000 > expected
gives "a gzip bomb is streamed" expected grep --pattern bomb --count --memory 64M bomb.gz
head -c 100000000 /dev/zero | gzip -c > zeros.gz
fails "a gzip bomb of one record" 3 'zeros\.gz: byte 0: .*limit' grep --pattern x zeros.gz

# ----------------------------------------------------------------------------------------------------------------------
# Bytes

bytes nul 'a\0b\nc\n'
bytes expected 'a\0b\n'
gives "NUL is kept" expected grep --pattern b nul
bytes invalid 'a\377\376b\n\300\200\n'
bytes expected 'a\377\376b\n\300\200\n'
gives "invalid UTF-8 passes" expected sort invalid
bytes returns 'b\r\na\r\n\r\n'
bytes expected '\na\nb\n'
gives "CRLF" expected sort returns
# A key that is too long: the file and the line are named, be it sorted as it stands, encoded, or a group.
make few lines 3 20
{ cat few; head -c 16777217 /dev/zero | tr '\0' x; printf '\nlast\n'; } > long-key
at=$(stat -c %s few)
fails "a line of more than 16 MiB, sorted" 3 "long-key: byte $at: a key .*16777217 bytes: at most 16777216" sort long-key
fails "a line of more than 16 MiB, sorted by a field" 3 "long-key: byte $at: a key " sort --by 1 --separator ';' long-key
fails "a word of more than 16 MiB" 3 "long-key: byte $at: a key " wordcount --chunk 1M --slots 1 long-key
{ head -c 16777216 /dev/zero | tr '\0' x; echo; } > longest-key
gives "a line of 16 MiB, sorted" longest-key sort longest-key
rm -f long-key longest-key
bytes mark '\357\273\277b\na\n'
bytes expected 'a\nb\n'
gives "a byte order mark" expected sort mark
bytes mark-header '\357\273\277k,v\nx,1\n'
bytes expected 'x\t1\n'
gives "a byte order mark before a header" expected groupby --by k --agg sum:v mark-header
bytes empty ''
bytes expected ''
gives "an empty file" expected sort empty
gives "an empty file, map only" expected grep --pattern a empty
bytes expected '0\n'
gives "an empty file, counted" expected grep --pattern a --count empty
bytes expected ''
bytes only-header 'k,v\n'
gives "a header and no rows" expected groupby --by k --agg sum:v only-header
bytes open-end 'b\na'
bytes expected 'a\nb\n'
gives "no newline at the end" expected sort open-end
bytes two-files-a 'a'
bytes two-files-b 'b\n'
bytes expected 'a\nb\n'
gives "no newline at the end of the first of two files" expected sort two-files-a two-files-b
{ head -c 80000000 /dev/zero | tr '\0' 'x'; echo; echo y; } > long
fails "a line of 80 MB" 3 'long: byte 0: .*limit' grep --pattern y long
{ echo first; head -c 80000000 /dev/zero | tr '\0' 'x'; } > long
fails "a line of 80 MB without an end, in small chunks" 3 'long: byte 6: .*limit' grep --pattern y --chunk 1M long
head -c 30000000 /dev/zero | tr '\0' 'x' > long
gives "a line of 30 MB" long.expected grep --pattern x long 2> /dev/null < <(cat long <(echo) > long.expected)
fails "a key of 30 MB" 3 'key.*at most' sort long
rm -f long long.expected zeros.gz bomb.gz

# ----------------------------------------------------------------------------------------------------------------------
# Records

bytes quoted 'k,v\n"a,b",1\n"c""d",2\n"",4\n'
bytes expected 'k,sum_v\n,4\n"a,b",1\n"c""d",2\n'
gives "quoted fields" expected groupby --by k --agg sum:v --output-format csv quoted
bytes inside 'k,v\na,1\n"b\nc",2\n'
fails "a newline inside quotes" 3 'inside: byte 8: .*multiline' groupby --by k --agg sum:v inside
# Both halves of such a record have an odd number of quotes; the task that says so first is not always that of the first half.
fails "a newline inside quotes, in small chunks" 3 'inside: byte (8|11): .*multiline' groupby --by k --agg sum:v --chunk 5 inside
bytes expected 'k,sum_v\na,1\n"b\nc",2\n'
gives "a newline inside quotes with --multiline" expected groupby --by k --agg sum:v --output-format csv --multiline inside
fails "a newline in a result of several columns" 5 'output-format csv' groupby --by k --agg sum:v --multiline inside
bytes unclosed 'k,v\na,1\n"b,2\nc,3\n'
fails "a quote that is never closed" 3 'unclosed: byte 8: ' groupby --by k --agg sum:v --multiline unclosed
bytes many 'k,v\na,1\nb,2,3\nc,4\n'
fails "too many fields" 3 'many: byte 8: ' groupby --by k --agg sum:v many
bytes few 'k,v\na,1\nb\nc,4\n'
fails "too few fields" 3 'few: byte 8: ' groupby --by k --agg sum:v few
bytes text 'k,v\na,1\nb,x7\nc,4\n'
fails "a number that is none" 3 'text: byte 8: ' groupby --by k --agg sum:v text
fails "a number that is none, in small chunks" 3 'text: byte 8: ' groupby --by k --agg sum:v --chunk 4 text
bytes expected 'a\t1\nc\t4\n'
gives "a number that is none, allowed" expected groupby --by k --agg sum:v --max-rejects 1 text
holds "the bad record is in _rejected" grep -q 'x7' "$work"/out/_rejected/*
holds "_rejected names file and offset" grep -q 'text.*8' "$work"/out/_rejected/*
bytes two-bad 'k,v\na,x\nb,y\nc,4\n'
fails "more bad records than allowed" 3 'max-rejects' groupby --by k --agg sum:v --max-rejects 1 two-bad
fails "more bad records than allowed, in two tasks" 3 'max-rejects' groupby --by k --agg sum:v --max-rejects 1 --chunk 6 two-bad
bytes missing 'k,v\na,\nb,2\n'
bytes expected 'a\t0\t\t0\nb\t1\t2\t2\n'
gives "missing values" expected groupby --by k --agg count:v,mean:v,sum:v missing
bytes bad-first 'bad;x\n'
bytes uneven 'a;1\nb;2;3\n'
fails "another number of fields without a header" 3 'uneven: byte 4: ' stations uneven
fails "another number of fields without a header, in small chunks" 3 'uneven: byte 4: ' stations --chunk 4 uneven
fails "a column that is not there" 2 "no column 'w'" groupby --by w --agg count text
bytes huge 'user,time,amount,score,code,units,weight,note\nu,,,,1,9223372036854775807,,\nu,,,,1,1,,\n'
fails "a sum beyond 64 bits" 3 'sum_units|units' "$jobs/money.c" huge
bytes beyond 'user,time,amount,score,code,units,weight,note\nu,,,,1,9223372036854775808,,\n'
fails "an i64 beyond 64 bits" 3 'beyond: byte 46: ' "$jobs/money.c" beyond
bytes precise 'user,time,amount,score,code,units,weight,note\nu,,1.234,,1,1,,\n'
fails "a decimal of too many places" 3 'precise: byte 46: ' "$jobs/money.c" precise
bytes day 'user,time,amount,score,code,units,weight,note\nu,2023-02-29,1,,1,1,,\n'
fails "a day that is none" 3 'day: byte 46: ' "$jobs/money.c" day

# The other slots are still at work when one finds bad data: nothing that they make stays.
{ cat bad-first; "$generate" stations 4 1000; } > early
races=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    run stations --chunk 1K --slots 4 early -o "$work/out"
    [ "$code" -eq 3 ] && [ ! -e "$work/out" ] && [ -z "$(left_over)" ] || races=$((races + 1))
done
holds "bad data found early, twelve times" [ "$races" -eq 0 ]

# ----------------------------------------------------------------------------------------------------------------------
# Names

fails "a file that is not there" 2 'nothing-here: .*[Nn]o such file' sort nothing-here
fails "a pattern without a match" 2 'nothing-\*: no file matches' sort 'nothing-*'
fails "no input" 2 'input' sort
ln -s loop-a loop-b
ln -s loop-b loop-a
fails "a loop of links" 2 'loop-a: ' sort loop-a
mkdir -p walk/inner
ln -s .. walk/inner/up
fails "a loop of folders" 2 'walk/inner/up: ' sort walk
python3 -c 'import socket; socket.socket (socket.AF_UNIX).bind ("plug")'
fails "a socket" 2 'plug: not a regular file but a socket' sort plug
mkfifo pipe
fails "a FIFO" 2 'pipe: not a regular file' sort pipe
fails "a device" 2 '/dev/zero: not a regular file' sort /dev/zero
fails "input for a job that takes none" 2 'input' pi --samples 10 ok
mkdir few-files
bytes few-files/b 'b\n'
bytes few-files/a 'a\n'
bytes few-files/.hidden 'hidden\n'
bytes few-files/_logs 'logs\n'
bytes expected 'a\nb\n'
gives "a folder: its files in order" expected grep --regex '^.*$' few-files
bytes expected 'logs\na\nb\n'
gives "a pattern: its files in order, with those that a folder passes over" expected grep --regex '^.*$' 'few-files/*'
mkdir nothing
fails "a folder without files" 2 'nothing' sort nothing
if [ "$(id -u)" -ne 0 ]; then
    cp ok unreadable
    chmod 000 unreadable
    fails "an unreadable file" 2 'unreadable: .*[Pp]ermission' sort unreadable
else
    echo "SKIP an unreadable file, a folder not writable: root may read and write everything"
fi

# ----------------------------------------------------------------------------------------------------------------------
# A file that changes while the job runs. The job waits in its first map; a FIFO tells when, another lets it go.

mkfifo started go

# changes NAME COMMAND...: COMMAND runs while the job has the file "moving" in hand.
changes () {
    local name=$1 runner left
    shift
    make moving lines 5 60000
    rm -rf "$work/out"
    (run "$jobs/gate.c" --started "$data/started" --go "$data/go" --slots 1 moving -o "$work/out"; echo "$code" > code) &
    runner=$!
    timeout 30 cat started > /dev/null && "$@" && timeout 30 dd if=/dev/null of=go status=none
    wait "$runner"
    left=$(left_over)
    if [ "$(cat code)" -ne 3 ]; then
        fail "$name: exit code $(cat code), not 3: $(tail -1 "$work/stderr")"
    elif ! tail -1 "$work/stderr" | grep -q 'moving: '; then
        fail "$name: does not name the file: $(tail -1 "$work/stderr")"
    elif [ -e "$work/out" ] || [ -n "$left" ]; then
        fail "$name: leaves $left"
        rm -rf "$work"/.*racimo-*
    else
        pass "$name"
    fi
}

append () {
    echo more >> moving
}

overwrite () {
    printf 'X' | dd of=moving conv=notrunc status=none
}

replace () {
    cp moving another && mv another moving
}

changes "a file grows" append
changes "a file shrinks" truncate -s 100000 moving
changes "a file is written over" overwrite
changes "a file is replaced" replace
changes "a file is deleted" rm moving

# ----------------------------------------------------------------------------------------------------------------------
# Results

# refused NAME CODE PATTERN OUT: the run fails and what stood at OUT still stands there as it was.
refused () {
    local name=$1 expected=$2 pattern=$3 out=$4 before
    before=$(find "$out" -type f -exec cat {} + 2> /dev/null | cksum)
    shift 4
    run stations "$@" -o "$out"
    local left
    left=$(left_over)
    if [ "$code" -ne "$expected" ]; then
        fail "$name: exit code $code, not $expected: $(tail -1 "$work/stderr")"
    elif ! tail -1 "$work/stderr" | grep -Eq -- "$pattern"; then
        fail "$name: does not say /$pattern/: $(tail -1 "$work/stderr")"
    elif [ "$before" != "$(find "$out" -type f -exec cat {} + 2> /dev/null | cksum)" ]; then
        fail "$name: what was there has changed"
    elif [ -n "$left" ]; then
        fail "$name: leaves$left"
    else
        pass "$name"
    fi
}

mkdir "$work/old"
echo precious > "$work/old/part-00000.tsv"
echo precious > "$work/old.txt"
refused "a folder that exists" 5 'old.*overwrite' "$work/old" ok
refused "a file that exists" 5 'old\.txt.*overwrite' "$work/old.txt" ok
bytes bad 'a;x\n'
refused "--overwrite of a folder that is no result" 5 'old.*_SUCCESS' "$work/old" --overwrite ok
: > "$work/old/_SUCCESS"
refused "--overwrite by a job that fails keeps the old folder" 3 'bad: byte 0' "$work/old" --overwrite bad
refused "--overwrite by a job that fails keeps the old file" 3 'bad: byte 0' "$work/old.txt" --overwrite bad
refused "a folder within nothing" 5 'nothing-here' "$work/nothing-here/out" ok
refused "a folder within a file" 5 'old\.txt' "$work/old.txt/out" ok
for out in old old.txt; do
    run stations --overwrite ok -o "$work/$out"
    if [ "$code" -ne 0 ]; then
        fail "--overwrite of $out: exit code $code: $(tail -1 "$work/stderr")"
    elif ! find "$work/$out" -type f '(' -name 'part-*' -o -name old.txt ')' -exec cat {} + | cmp -s - ok-sorted; then
        fail "--overwrite of $out: not the new result"
    else
        pass "--overwrite of $out"
    fi
done
make distinct distinct 6 100000
RACIMO_TEST_MARK=$mark timeout 60 "$RACIMO" run sort distinct -o - > /dev/full 2> "$work/stderr"
code=$?
holds "standard output is full: exit code $code, not 5" [ "$code" -eq 5 ]
RACIMO_TEST_MARK=$mark timeout 60 "$RACIMO" run --quiet sort distinct -o - 2> "$work/stderr" | head -1 > "$work/stdout"
holds "standard output is closed early: its first line" [ "$(wc -l < "$work/stdout")" -eq 1 ]
holds "standard output is closed early: no complaint" [ ! -s "$work/stderr" ]
left=$(left_over)
holds "standard output: left over:$left" [ -z "$left" ]

# full_disk NAME MOUNT-OPTIONS: the result's folder lies on a disk too small for it, in a namespace of mounts that ends with the run.
full_disk () {
    mkdir -p "$work/disk"
    if ! unshare -m true 2> /dev/null; then
        echo "SKIP $1: mounting is not allowed here"
        return
    fi
    # shellcheck disable=SC2016  # expanded inside
    RACIMO_TEST_MARK=$mark timeout -k 5 60 unshare -m sh -c 'mount -t tmpfs -o "$1" none "$2/disk" || exit 77
        "$RACIMO" run sort distinct -o "$2/disk/out" > "$2/stdout" 2> "$2/stderr" < /dev/null
        code=$?
        ls -A "$2/disk" > "$2/left"
        exit $code' sh "$2" "$work"
    code=$?
    if [ "$code" -ne 5 ]; then
        fail "$1: exit code $code, not 5: $(tail -1 "$work/stderr")"
    elif [ -s "$work/left" ]; then
        fail "$1: leaves $(cat "$work/left")"
    else
        pass "$1: $(tail -1 "$work/stderr" | sed "s|$work/||g")"
    fi
}
full_disk "a full disk" size=200k
full_disk "a disk without inodes" nr_inodes=3
cd /
