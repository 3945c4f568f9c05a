#!/bin/bash
# The promise of doc/semantics.md: whatever the slots, chunks, batches, memory and order of tasks, the bytes are those of the
# reference. Every case runs under a covering selection of settings: any two values of any two settings meet at least once.
# DETERMINISM=full runs their whole product instead (make check-long); DETERMINISM=NAME runs the cases whose name holds NAME.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, reference, ...
. "$SRC/tests/system/common.sh"

tight=${TIGHT:-16M}
data=$work/data

# slots chunk batch-rows memory seed sink; the seed of the order of tasks says too whether blocks are packed
covering="1 64K 1 $tight 1 folder
1 1M 7 1G 3 file
1 default 4096 1G 2 folder
2 64K 7 1G 2 folder
2 1M 4096 1G 1 stdout
2 default 1 $tight 3 folder
3 64K 4096 1G 3 folder
3 1M 1 $tight 2 file
3 default 7 $tight 1 folder
8 64K 1 1G 1 stdout
8 1M 7 $tight 3 folder
8 default 4096 $tight 2 folder"

# Four rows in which every value of every setting occurs, for data that take long.
quick="1 64K 4096 $tight 1 folder
2 1M 7 1G 2 file
3 default 4096 1G 3 stdout
8 64K 7 $tight 1 folder"

full () {
    local slots chunk batch memory seed
    for slots in 1 2 3 8; do
        for chunk in 64K 1M default; do
            for batch in 1 7 4096; do
                for memory in "$tight" 1G; do
                    for seed in 1 2 3 4; do
                        echo "$slots $chunk $batch $memory $seed folder"
                    done
                done
            done
        done
    done
}

# ----------------------------------------------------------------------------------------------------------------------
# One case

# The result of a run into a folder, a file or standard output, in $work/result; the time limit is generous, a hang is a failure.
run_into () {
    local sink=$1
    shift
    rm -rf "$work/out" "$work/out.txt" "$work/result"
    case $sink in
        folder) run "$@" -o "$work/out"; cat "$work"/out/part-* > "$work/result" 2> /dev/null ;;
        file) run "$@" -o "$work/out.txt"; mv "$work/out.txt" "$work/result" 2> /dev/null ;;
        stdout) run "$@" -o -; mv "$work/stdout" "$work/result" ;;
    esac
}

# agree NAME SETTINGS...: racimo under one row of settings; says what differs.
agree () {
    local name=$1 slots=$2 chunk=$3 batch=$4 memory=$5 seed=$6 sink=$7 settings
    case $seed in                                       # a third of the rows write packed blocks only, a third none
        3) export RACIMO_PACK=always ;;
        2) export RACIMO_PACK=never ;;
        *) unset RACIMO_PACK ;;
    esac
    settings=(--slots "$slots" --batch-rows "$batch" --memory "$memory" --shuffle-seed "$seed")
    [ "$chunk" = default ] || settings+=(--chunk "$chunk")
    run_into "$sink" "${arguments[@]}" "${settings[@]}" "${files[@]}"
    if [ "$code" -ne 0 ]; then
        fail "$name (${settings[*]}): exit code $code: $(tail -1 "$work/stderr")"
        return 1
    fi
    [ "$order" = exact ] || LC_ALL=C sort -o "$work/result.sorted" "$work/result"
    if [ "$order" != exact ] && ! cmp -s "$work/result.sorted" "$work/expected"; then
        fail "$name (${settings[*]}): other rows: $(cmp "$work/result.sorted" "$work/expected" 2>&1)"
        return 1
    fi
    # Where the page leaves the order to a hash, the first run says which it is.
    [ "$order" = exact ] || [ -e "$work/first" ] || cp "$work/result" "$work/first"
    if ! cmp -s "$work/result" "$work/first"; then
        fail "$name (${settings[*]}, -o $sink): $(cmp "$work/result" "$work/first" 2>&1 | sed "s|$work/||g")"
        return 1
    fi
}

# compare NAME ROWS: everything is prepared: expected result, arguments, files.
compare () {
    local name=$1 row count=0
    rm -f "$work/first"
    if [ "$order" = exact ]; then
        cp "$work/expected" "$work/first"
    else
        LC_ALL=C sort -o "$work/expected" "$work/expected"
    fi
    while read -r row; do
        # shellcheck disable=SC2086  # a row is words
        agree "$name" $row || return
        count=$((count + 1))
    done <<< "$2"
    local left
    left=$(left_over)
    if [ -n "$left" ]; then
        fail "$name: leaves$left"
        rm -rf "$work/tmp"
        mkdir -p "$work/tmp"
    else
        pass "$name: the same bytes $count times"
    fi
}

# check NAME [-quick | -borders] [-sorted] [-from "FILE..."] JOB OPTIONS... -- FILE...: -from: what the reference reads, if not the same files.
check () {
    local name=$1 rows=$covering from="" job
    shift
    order=exact
    while [ "${1#-}" != "$1" ]; do
        case $1 in
            -quick) rows=$quick ;;
            -borders) rows=$borders ;;
            -sorted) order=sorted ;;
            -from) from=$2; shift ;;
        esac
        shift
    done
    case ${DETERMINISM:-} in
        "") ;;
        full) rows=$(full) ;;
        *) [ "${name/$DETERMINISM/}" != "$name" ] || return ;;
    esac
    job=$1
    arguments=()
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    shift
    files=("$@")
    # shellcheck disable=SC2086  # names of files without blanks
    if ! "$reference" "${arguments[@]}" ${from:-"${files[@]}"} > "$work/expected" 2> "$work/stderr"; then
        fail "$name: the reference fails: $(cat "$work/stderr")"
        return
    fi
    [ ! -e "$jobs/$job.c" ] || arguments[0]=$jobs/$job.c
    compare "$name" "$rows"
}

# ----------------------------------------------------------------------------------------------------------------------
# Data

make_data () {
    cd "$data" || exit 1
    make words words 1 4000
    make many-words words 2 60000
    make distinct distinct 3 300000
    make stations stations 4 6000
    make many-stations stations 5 120000
    make events events 6 5000
    make many-events events 7 30000
    make lines lines 8 6000
    make numeric numeric 9 5000
    : > empty
    printf '\n' > newline
    printf 'no newline at the end' > open-end
    printf '\n\n\r\n\n' > blank-lines
    sed 's/\r*$/\r/' lines > crlf
    { printf '\357\273\277'; cat words; } > bom
    { printf '\357\273\277'; cat events; } > bom-events
    sed 's/plain/"two\nlines, ""and more"""/' events > multiline
    { cat lines; head -c 300000 /dev/zero | tr '\0' 'x'; printf '\nend|1|\n'; } > long-line
    gzip -c words > words.gz
    { head -c 70000 words | gzip -c; tail -c +70001 words | gzip -c; } > members.gz
    gzip -c events > packed-events
    make_folder
    head -1 events | tr ',' '\t' > tabbed
    tail -n +2 events | grep -v '"' | tr ',' '\t' >> tabbed
    tail -n +2 events | grep -v '^$' > no-header
    printf 'q\n\nmk\n' > stop
    cd - > /dev/null || exit 1
}

# Many small files; names that are passed over; a folder in the folder.
make_folder () {
    local i
    mkdir -p folder/inner
    for i in $(seq 10 45); do
        "$generate" words "$i" $((i % 7 * 5)) > "folder/file$i"
    done
    cp words folder/inner/words
    cp words folder/.hidden
    cp words folder/_passed-over
}

make_data
inside="$(find "$data/folder" -type f -not -name '.*' -not -name '_*' | sort | tr '\n' ' ')"

# ----------------------------------------------------------------------------------------------------------------------
# Shipped jobs

check "wordcount" wordcount -- "$data/words"
check "wordcount --utf8" -quick wordcount --utf8 -- "$data/words"
check "wordcount of 3 MB" -quick wordcount -- "$data/many-words"
check "wordcount of distinct words" -quick wordcount -- "$data/distinct"
check "wordcount of a folder" -from "$inside" wordcount -- "$data/folder"
check "wordcount of gzip" -quick -from "$data/words" wordcount -- "$data/words.gz"
check "wordcount of gzip members" -quick -from "$data/words" wordcount -- "$data/members.gz"
check "wordcount of a file twice, plain and packed" -quick -from "$data/words $data/lines $data/words" wordcount -- \
    "$data/words.gz" "$data/lines" "$data/words"
check "wordcount as csv" -quick wordcount --output-format csv -- "$data/words"
check "wordcount with a header" -quick wordcount --output-header yes -- "$data/words"
for file in empty newline open-end blank-lines bom; do
    check "wordcount of $file" -quick wordcount -- "$data/$file"
    check "sort of $file" -quick sort -- "$data/$file"
done

check "grep" grep --pattern ab -- "$data/lines"
check "grep --invert" -quick grep --pattern ab --invert -- "$data/words"
check "grep for a carriage return" -quick grep --pattern "$(printf '\r')" -- "$data/lines"
check "grep --regex" grep --regex '^[a-m]+[|]-?[0-9]*7[|]' -- "$data/lines"
check "grep --regex --ignore-case" -quick grep --regex 'slx(.)p' --ignore-case -- "$data/words"
check "grep --count" -quick grep --pattern mk --count -- "$data/words"
check "grep --count of nothing" -quick grep --pattern mk --count -- "$data/empty"
check "grep of a folder" -quick -from "$inside" grep --pattern mk -- "$data/folder"
check "grep with a long line" -quick grep --pattern xx -- "$data/long-line"

check "stations" stations -- "$data/stations"
check "stations of 2 MB" -quick stations -- "$data/many-stations"
check "stations as csv" -quick stations --output-format csv -- "$data/stations"
check "stations of nothing" -quick stations -- "$data/empty"

check "groupby" groupby --by user --agg count,mean:units,max:amount,sum:weight,min:weight -- "$data/events"
check "groupby of numbers and names" -quick groupby --by note,5 --agg count,mean:6,sum:score,min:score,max:score,count:score \
    --output-format csv -- "$data/events"
check "groupby of 2 MB" -quick groupby --by user,code --agg sum:weight,mean:amount -- "$data/many-events"
check "groupby of packed csv" -quick -from "$data/events" groupby --by code --agg sum:weight -- "$data/packed-events"
check "groupby with a byte order mark" -quick groupby --by user --agg count -- "$data/bom-events"
check "groupby --multiline" -quick groupby --by note --agg count,sum:weight --multiline --output-format csv -- "$data/multiline"
check "groupby of tsv" -quick groupby --by note --agg count,sum:weight --format tsv -- "$data/tabbed"
check "groupby --no-header" -quick groupby --by 8 --agg count,sum:7 --no-header -- "$data/no-header"
check "groupby of two files" -quick groupby --by user --agg count,sum:weight -- "$data/events" "$data/bom-events"

check "sort" sort -- "$data/lines"
check "sort --reverse" -quick sort --reverse -- "$data/lines"
check "sort --unique" sort --unique -- "$data/lines"
check "sort of CRLF" -quick sort -- "$data/crlf"
check "sort of distinct lines" -quick sort -- "$data/distinct"
check "sort with a long line" -quick sort -- "$data/long-line"
check "sort --by" -quick sort --by 3 --separator '|' -- "$data/lines"
check "sort --by --unique --reverse" -quick sort --by 3 --separator '|' --unique --reverse -- "$data/lines"
check "sort --numeric" sort --by 2 --separator '|' --numeric -- "$data/numeric"
check "sort --numeric --reverse --unique" -quick sort --by 2 --separator '|' --numeric --reverse --unique -- "$data/numeric"

check "pi" -quick pi --samples 200000 --seed 5 --
check "pi of one sample" -quick pi --samples 1 --seed 1 --

# ----------------------------------------------------------------------------------------------------------------------
# Jobs that exist for this test

check "a reduce with groups in parts" gaps -- "$data/events"
check "a reduce over 2 MB" -quick gaps --minutes 90 -- "$data/many-events"
check "a secondary sort" top --output-format csv -- "$data/events"
check "a secondary sort of 2 MB" -quick top --output-format csv -- "$data/many-events"
check "sorted rows of every type" ledger -- "$data/events"
check "unique rows" -quick ledger --unique -- "$data/events"
check "folds over every type" money -- "$data/events"
check "folds over 2 MB" -quick money -- "$data/many-events"
check "folds without a key" -quick money --all -- "$data/many-events"
check "own folds" spread -- "$data/events"
check "own folds over 2 MB" -quick spread -- "$data/many-events"
check "hash partitions" -sorted spread --hash -- "$data/events"
check "chosen partitions" chosen -- "$data/lines"
check "parameters, state and side data" -quick effects --loud --shift=40 --scale 0.3 --prefix '' --stop "$data/stop" --max-rejects 9999 -- "$data/lines"
check "numbers of random bits" -quick numbers --rows 30000 --

# ----------------------------------------------------------------------------------------------------------------------
# Splits so small that every record crosses several: a record belongs to the split of its first byte, whatever the cut

borders="2 1 4096 1G 1 folder
3 3 1 1G 2 folder
2 17 2 1G 3 folder
2 100 7 1G 1 folder"

make tiny-lines lines 21 12
make tiny-stations stations 22 25
make tiny-events events 23 9
printf '\n\r\n\na\r\rb\n\r\n' > "$data/returns"
for file in tiny-lines blank-lines returns open-end; do
    check "lines of $file over borders" -borders grep --pattern '#' --invert -- "$data/$file"
done
check "words over borders" -borders wordcount -- "$data/tiny-lines"
check "stations over borders" -borders stations -- "$data/tiny-stations"
check "csv over borders" -borders ledger -- "$data/tiny-events"
check "side effects over borders" -borders effects --stop "$data/stop" --max-rejects 99 -- "$data/tiny-lines"

# ----------------------------------------------------------------------------------------------------------------------
# What is beside the result is also the same: counters and rejected rows count each committed attempt once

beside () {
    local slots stops lines
    stops=$(sed 's/\r$//' "$data/lines" | grep -cxf "$data/stop")
    lines=$(wc -l < "$data/lines")
    for slots in 1 3; do
        rm -rf "$work/out"
        run "$jobs/effects.c" --stop "$data/stop" --max-rejects 9999 --slots "$slots" --chunk 64K "$data/lines" -o "$work/out"
        if [ "$code" -ne 0 ]; then
            fail "counters and rejected rows: exit code $code: $(tail -1 "$work/stderr")"
        elif ! tr -d ' \n' < "$work/out/_job.json" | grep -q "\"lines\":${lines}[,}]"; then
            fail "counters: _job.json does not count $lines lines with $slots slots"
        elif [ "$(cat "$work"/out/_rejected/* | wc -l)" -ne "$stops" ]; then
            fail "rejected rows: $(cat "$work"/out/_rejected/* | wc -l) written, not $stops, with $slots slots"
        else
            pass "counters and rejected rows with $slots slots"
        fi
    done
}

# Tight memory must have been tight, or the cases above prove nothing about runs on disk.
spilled () {
    rm -rf "$work/out"
    run sort --memory "$tight" --slots 8 "$data/distinct" -o "$work/out"
    if tr -d ' \n' < "$work/out/_job.json" 2> /dev/null | grep -Eq '"spilled(_bytes)?":[1-9]'; then
        pass "tight memory spills"
    else
        fail "tight memory ($tight) does not spill, so the cases above do not test it"
    fi
}

if [ -z "${DETERMINISM:-}" ] || [ "${DETERMINISM:-}" = full ]; then
    beside
    spilled
fi
