#!/bin/sh
# Makes the expected results anew with tools that share nothing with racimo: tr, sort, uniq, awk and Python's csv, fsum and repr.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C

# shellcheck disable=SC2018,SC2019 # a word is ASCII letters, whatever the locale
tr 'A-Z' 'a-z' < ../opticks.txt | tr -cs 'a-z' '\n' | grep . | sort | uniq -c |
    awk -v OFS='\t' '{ print $2, $1 }' > opticks.wordcount.tsv

python3 - << 'END'
import csv, math
from collections import defaultdict

def text (value):                                   # as doc/semantics.md prints a number
    if value is None:
        return ""
    printed = repr (value)
    return printed [:-2] if printed.endswith (".0") else printed

def write (name, groups, folds):
    with open (name, "w") as out:
        for key in sorted (groups, key=lambda k: [part.encode () for part in k]):
            row = list (key) + [text (fold (groups [key])) for fold in folds]
            out.write ("\t".join (row) + "\n")

def numbers (rows, column):
    return [float (row [column]) for row in rows if row [column] != ""]

def mean (values):
    return math.fsum (values) / len (values) if values else None

stations = defaultdict (list)
for line in open ("../stations.txt"):
    name, value = line.rstrip ("\n").split (";")
    stations [(name,)].append (float (value))
write ("stations.stations.tsv", stations, [min, mean, max])

strikes = list (csv.DictReader (open ("../birdstrikes.csv")))
by_phase, by_both = defaultdict (list), defaultdict (list)
for row in strikes:
    by_phase [(row ["phase"],)].append (row)
    by_both [(row ["state"], row ["size"])].append (row)
write ("birdstrikes.groupby.tsv", by_phase,
       [len, lambda g: mean (numbers (g, "speed")), lambda g: max (numbers (g, "speed"), default=None)])
write ("birdstrikes.groupby2.tsv", by_both,
       [len, lambda g: math.fsum (numbers (g, "cost")), lambda g: min (numbers (g, "speed"), default=None)])
END
