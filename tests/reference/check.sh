#!/bin/bash
# The reference against tools that share nothing with it: python3 (math.fsum, repr, sorted), awk and sort, where these are exact.
# A test of a test: racimo itself does not run here.
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(dirname "${RACIMO:-./racimo}")
reference=${REFERENCE:-$build/tests/reference/reference}
generate=${GENERATE:-$build/tests/reference/generate}
export LC_ALL=C ASAN_OPTIONS=detect_leaks=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# same NAME: the two files of that name agree
same () {
    if cmp -s "$folder/$1.expected" "$folder/$1.got"; then
        echo "PASS reference $1"
    else
        echo "FAIL reference $1: $(diff "$folder/$1.expected" "$folder/$1.got" | head -3 | cut -c1-150 | tr '\n' ' ')"
        failed=1
    fi
}

for kind in words stations events lines numeric; do
    "$generate" "$kind" 11 3000 > "$folder/$kind" || exit 1
done

tr '[:upper:]' '[:lower:]' < "$folder/words" | tr -cs '[:lower:]' '\n' | grep . | sort | uniq -c | awk '{ print $2 "\t" $1 }' > "$folder/wordcount.expected"
"$reference" wordcount "$folder/words" > "$folder/wordcount.got"
same wordcount

sed 's/\r$//' "$folder/lines" | sort > "$folder/sort.expected"
"$reference" sort "$folder/lines" > "$folder/sort.got"
same sort
sed 's/\r$//' "$folder/lines" | sort -ru > "$folder/unique.expected"
"$reference" sort --reverse --unique "$folder/lines" > "$folder/unique.got"
same unique
sed 's/\r$//' "$folder/lines" | grep -E 'q[a-z]*m' > "$folder/grep.expected"
"$reference" grep --regex 'q[a-z]*m' "$folder/lines" > "$folder/grep.got"
same grep

if ! command -v python3 > /dev/null; then
    echo "SKIP reference: python3 is not here, so sums and printing are compared with nothing"
    exit $failed
fi
for job in stations groupby numbers money; do
    file=$folder/events
    arguments=()
    case $job in
        stations) file=$folder/stations ;;
        groupby) arguments=(--by "user,note" --agg "count,mean:units,max:amount,sum:weight,min:weight" --output-format csv) ;;
        numbers) arguments=(--rows 20000) ;;
    esac
    python3 "$here/check.py" "$job" "$file" > "$folder/$job.expected" || failed=1
    "$reference" "$job" "${arguments[@]}" "$file" > "$folder/$job.got" || failed=1
    same "$job"
done
exit $failed
