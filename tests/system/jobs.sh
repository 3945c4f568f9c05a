#!/bin/bash
# jobs: the jobs that come with racimo, over real data, against results that other tools have made.
# shellcheck disable=SC1091,SC2154  # common.sh sets work, code, ...
. "$(dirname "$0")/common.sh"
cd "$work" || exit 1
data=$SRC/data

# prints NAME EXPECTED ARGUMENTS...: the run prints the file EXPECTED.
prints () {
    local name=$1 expected=$2
    shift 2
    run "$@" --quiet
    if [ "$code" -eq 0 ] && cmp -s stdout "$expected"; then
        pass "$name"
    else
        fail "$name: exit code $code, $(cmp stdout "$expected" 2>&1) $(tail -1 stderr)"
    fi
}

prints wordcount "$data/expected/opticks.wordcount.tsv" wordcount "$data/opticks.txt"
prints stations "$data/expected/stations.stations.tsv" stations "$data/stations.txt"
prints groupby "$data/expected/birdstrikes.groupby.tsv" groupby "$data/birdstrikes.csv" --by phase --agg count,mean:speed,max:speed
prints 'groupby two' "$data/expected/birdstrikes.groupby2.tsv" groupby "$data/birdstrikes.csv" --by state,size --agg count,sum:cost,min:speed
prints 'groupby by number' "$data/expected/birdstrikes.groupby2.tsv" groupby "$data/birdstrikes.csv" --by 2,4 --agg count,sum:6,min:7

tail -n +2 "$data/birdstrikes.csv" > bare.csv
prints 'groupby without header' "$data/expected/birdstrikes.groupby2.tsv" groupby bare.csv --no-header --by 2,4 --agg count,sum:6,min:7
tr ';' '\t' < "$data/stations.txt" > stations.tsv
prints 'stations of tab-separated lines' "$data/expected/stations.stations.tsv" stations stations.tsv --format tsv
gzip -c "$data/opticks.txt" > opticks.gz
prints 'wordcount of a .gz' "$data/expected/opticks.wordcount.tsv" wordcount opticks.gz
run groupby "$data/birdstrikes.csv" --by size --agg count,count:speed --quiet --output-format csv
if [ "$(head -1 stdout)" = size,count,count_speed ]; then pass 'names of result columns'; else fail "names of result columns: $(head -1 stdout)"; fi
printf 'name,n\nx,1\nx,2\ny,3\n' > small.csv
printf 'n,count,sum_n\n1,1,1\n2,1,2\n3,1,3\n' > small.expected
prints 'groupby a column that is also summed' small.expected groupby small.csv --by n --agg count,sum:n --output-format csv
printf '\n\r\nn,name\n1,x\n' > late.csv
printf '1\t1\n' > late.expected
prints 'groupby: empty lines before the header' late.expected groupby late.csv --by n --agg count
: > empty
: > nothing
printf 'city,note\na,x\na,\nb,yy\n' > notes.csv
printf 'a\t2\t1\t2\nb\t1\t1\t1\n' > notes.expected
prints 'groupby counts texts, and a key' notes.expected groupby notes.csv --by city --agg count,count:note,count:city
fails_here () { run groupby notes.csv --by city --no-header --quiet; [ "$code" -eq 2 ] && grep -q 'no header: give columns by number' stderr; }
holds 'groupby by a name without a header is refused' fails_here
prints 'groupby of an empty file' nothing groupby empty --by a --agg sum:b
prints 'wordcount of an empty file' nothing wordcount empty

printf 'caf\303\251 Caf\303\251 cafe\n' > utf8.txt
printf 'caf\t2\ncafe\t1\n' > ascii.expected
printf 'caf\303\251\t2\ncafe\t1\n' | sort > utf8.expected
prints 'wordcount: bytes beyond ASCII end a word' ascii.expected wordcount utf8.txt
prints 'wordcount --utf8' utf8.expected wordcount utf8.txt --utf8

# ---- grep against grep

text=$data/opticks.txt
crlf_free () { tr -d '\r' < "$text"; }
greps () {
    local name=$1 options=$2
    shift 2
    # shellcheck disable=SC2086  # options of grep
    crlf_free | grep -a $options > expected
    prints "grep $name" expected grep "$text" "$@"
}
greps 'a text' '-F light' --pattern light
greps 'a text at the end of lines' '-F .' --pattern .
greps 'a rare text' '-F Prism' --pattern Prism
greps 'a text that is nowhere' '-F zzzz' --pattern zzzz
greps 'a text, inverted' '-v -F e' --pattern e --invert
greps 'a text in any case' '-i -F (fig.' --pattern '(fig.' --ignore-case
greps 'an expression' '-E ^[A-Z][a-z]+.*(red|blue)' --regex '^[A-Z][a-z]+.*(red|blue)'
greps 'an expression, inverted, in any case' '-v -i -E [aeiou]' --regex '[aeiou]' --invert --ignore-case
greps 'a count' '-c -F light' --pattern light --count
greps 'a count of none' '-c -F zzzz' --pattern zzzz --count
printf 'a\000b\nb\na\n' > nul
printf 'a\000b\nb\n' > nul.expected
prints 'grep: a line with a NUL' nul.expected grep nul --regex 'b$'
prints 'grep: a text behind a NUL' nul.expected grep nul --pattern b
printf 'ab\r\nb\r\n' > crlf
printf 'ab\nb\n' > crlf.expected
prints 'grep: lines that end in CRLF' crlf.expected grep crlf --regex 'b$'
for bad in '' '--pattern a --regex b'; do
    # shellcheck disable=SC2086  # two options
    fails "grep '$bad'" 2 'give --pattern TEXT or --regex' grep "$text" $bad
done
fails 'grep: a bad expression' 2 'the regular expression: .*Unmatched' grep "$text" --regex '(a'

# ---- sort against sort

tab=$(printf '\t')
sorts () {
    local name=$1 options=$2
    shift 2
    # shellcheck disable=SC2086  # options of sort
    sort -t "$tab" $options lines > expected
    prints "sort $name" expected sort lines "$@"
}
awk 'BEGIN { srand (5); for (i = 0; i < 20000; i++) printf "%d\t%s%d\t%d\n", rand () * 1000 - 500, substr ("abcdefgh", 1 + rand () * 8, 2), rand () * 50, i % 7 }' > lines
sorts 'whole lines' ''
sorts 'in reverse' -r --reverse
sorts 'without doubles' -u --unique
sorts 'by a field' -k2,2 --by 2
sorts 'by a number' -k1,1n --by 1 --numeric
sorts 'by a number in reverse' '-k1,1nr -k1r' --by 1 --numeric --reverse
cut -f1 lines > numbers && mv numbers lines
sorts 'lines that are numbers' '-n -u' --numeric --unique
printf 'b,2\nc\na,1\n' > lines
printf 'c\na,1\nb,2\n' > expected
prints 'sort: a line without the field comes first' expected sort lines --by 2 --separator ,
fails 'sort: what is no number' 3 'byte 0: what to sort by is not a number' sort "$text" --numeric
run sort lines --by 1 --separator , --numeric --max-rejects 3 --quiet
if [ "$code" -eq 0 ] && [ ! -s stdout ]; then pass 'sort: rejects allowed'; else fail "sort: rejects allowed: $code $(cat stderr)"; fi
fails 'sort: a bad separator' 2 'one character' sort lines --separator ab

# ---- pi

run pi --samples 1000000 --quiet
pi=$(cat stdout)
if awk -v pi="$pi" 'BEGIN { exit !(pi > 3.135 && pi < 3.148) }'; then pass 'pi is about right'; else fail "pi is $pi"; fi
cp stdout expected
prints 'pi does not depend on slots and batches' expected pi --samples 1000000 --slots 1 --batch-rows 7
run pi --samples 1000000 --seed 2 --quiet
if [ "$(cat stdout)" != "$pi" ]; then pass 'another seed, another estimate'; else fail 'another seed gives the same'; fi
