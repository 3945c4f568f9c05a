#!/bin/bash
# engine: what racimo.h promises to a job's functions, and what memory must suffice for.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, jobs, code
. "$(dirname "$0")/common.sh"
cd "$work" || exit 1

# More keys than result columns once wrote behind an array; arrays of numbered rows and of groups were aligned to 16 bytes only.
run "$jobs/wide.c" --json -o wide.tsv
if [ "$code" -eq 0 ]; then pass 'four keys, one result'; else fail "four keys, one result: exit code $code: $(tail -1 stderr)"; fi
if grep -q '"aligned": [1-9]' stdout && ! grep -q unaligned stdout; then
    pass 'all columns begin at a multiple of 64 bytes'
else
    fail "alignment: $(grep counters stdout)"
fi
python3 - > wide.expected << 'END'
sums = {}
for n in range(4000):
    key = tuple(n >> k & 1 for k in range(4))
    sums[key] = sums.get(key, 0) + n
for key in sorted(sums):
    print(sums[key])
END
if cmp -s wide.tsv wide.expected; then pass 'sums of groups with four keys'; else fail "sums of groups with four keys: $(cmp wide.tsv wide.expected 2>&1)"; fi

# One key with 700 MB of rows: a reduce task holds some at a time, not RAC_ROWS of them however long they are. It would be stopped at 512 MB.
run "$jobs/long.c" --memory 16M --slots 1 -o long.tsv
bytes=$(awk '{ bytes += $1 } END { printf "%d", bytes }' long.tsv 2> /dev/null)
if [ "$code" -eq 0 ] && [ "$bytes" = 700000000 ]; then
    pass 'a group of long values'
else
    fail "a group of long values: exit code $code, $bytes bytes: $(tail -1 stderr)"
fi

# Only a group that is larger than a batch is cut. Cut where a batch happened to end, a reduce that never looked at flags was right on small data.
python3 -c '
for group in range (300): print (group, (group * 1361 + 4095) % 4096 + 1, sep = "\t")' > whole.expected
for slots in 1 2 3; do
    run "$jobs/whole.c" --slots "$slots" -o whole.tsv --overwrite
    if [ "$code" -eq 0 ] && cmp -s whole.tsv whole.expected; then
        pass "groups that fit come whole, with $slots slots"
    else
        fail "groups that fit come whole, with $slots slots: $(tail -1 stderr; cmp whole.tsv whole.expected 2>&1)"
    fi
done
