#!/bin/bash
# check: racimo for the CPU of a Raspberry Pi 4, built here by a cross compiler and run by an emulator: the unit tests, the tests of jobs,
# data, faults and clusters on loopback, and every job with the bytes that this machine's own build gives; much of it again with the 16 KiB
# pages of a Pi 5.
#   make check-arm64, or ./quickstart check-arm64, which installs the tools first: mmdebstrap qemu-user gcc-aarch64-linux-gnu
# It works in $BUILD/arm64: root (see sysroot.sh; kept), build, tools. The last line is "N passed, N failed".
#
# qemu-aarch64 runs one program, not a machine: system calls are this kernel's. What it does not pass on cannot be tested here but on real
# boards: PR_SET_CHILD_SUBREAPER (how daemons that a job leaves are found), a connection's byte counts, limits on address space. Tests that
# come across it leave that out, and a line "SKIP" says what.
set -u
: "${BUILD:?is the build folder}" "${SRC:?is the source tree}" "${RACIMO:?is the program that runs here}"
export LC_ALL=C

here=$BUILD/arm64
root=$here/root
build=$here/build
tools=$here/tools
cpu=cortex-a72
results=$here/results                                   # a line a case
log=$here/log

stop () { echo "check-arm64: $*" >&2; echo "0 passed, 1 failed"; exit 1; }

verdict () {                                            # STATUS NAME
    grep '^SKIP' "$log" | while read -r line; do echo "$line, in $2"; done
    if [ "$1" -eq 0 ]; then echo "PASS $2"; else tail -25 "$log"; echo "FAIL $2 (exit status $1)"; fi | tee -a "$results"
}

tool () {                                               # NAME: a program of that name, from standard input
    cat > "$tools/$1"
    chmod +x "$tools/$1"
}

# Jobs are compiled by what is called cc or gcc: here it makes code for the other CPU, whose "native" it cannot ask for.
make_tools () {
    mkdir -p "$tools"
    tool cc << END
#!/bin/bash
exec aarch64-linux-gnu-gcc --sysroot='$root' "\${@/#-march=native/-mcpu=$cpu}"
END
    ln -sf cc "$tools/gcc"
    tool racimo << END
#!/bin/sh
exec "$tools/run" '$build/racimo' "\$@"
END
    tool run << END
#!/bin/sh
exec qemu-aarch64 -cpu $cpu -p "\${PAGE:-4096}" -L '$root' "\$@"
END
}

build_all () {
    mkdir -p "$build"
    export PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig:$root/usr/share/pkgconfig
    [ -e "$build/Makefile" ] || (cd "$build" && "$SRC/configure" --quiet --host=aarch64-linux-gnu \
        CC="aarch64-linux-gnu-gcc --sysroot=$root") || return
    make -C "$build" -s all || return
    make -C "$build" -s check TESTS= > "$log" 2>&1 || { tail -20 "$log"; return 1; }
    unset PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR
}

# The unit tests; those named in $2 are left out.
unit_tests () {                                         # PAGE EXCEPT
    local test name status
    for test in "$build"/tests/*/test_*; do
        name=${test#"$build/"}
        case $name in *.*) continue ;; esac
        [[ " $2 " != *" ${name##*/} "* ]] || continue
        (cd "$build" && PAGE=$1 CK_DEFAULT_TIMEOUT=120 RACIMO_SEEDS=${RACIMO_SEEDS:-100} RACIMO_HOME=$build nice timeout 600 "$tools/run" "$test") > "$log" 2>&1
        status=$?
        verdict "$status" "$name, pages of $1"
    done
}

system_test () {                                        # PAGE NAME
    PAGE=$1 RACIMO_EMULATED=1 MANY=0 RACIMO=$tools/racimo RACIMO_HOME=$build REFERENCE=$BUILD/tests/reference/reference GENERATE=$BUILD/tests/reference/generate \
        nice timeout 600 bash "$SRC/tests/system/$2.sh" > "$log" 2>&1
    verdict $? "tests/system/$2.sh, pages of $1: $(tail -1 "$log")"
}

# A job's result here and there.
compare () {                                            # ARGUMENTS...
    local page
    PATH=$native_path "$RACIMO" run "$@" --quiet -o - > "$here/native" 2> "$log" < /dev/null || { verdict 1 "$*, natively"; return; }
    for page in 4096 16384; do
        PAGE=$page nice timeout 120 "$tools/racimo" run "$@" --quiet -o - 2> "$log" < /dev/null | cmp - "$here/native" >> "$log" 2>&1
        verdict $? "the same bytes, pages of $page: racimo run $(echo "$*" | sed "s|$SRC/||g; s|$here/||g")"
    done
}

# Values of all sizes and signs, whose sums are long: what floating point could disagree about.
make_numbers () {
    awk 'BEGIN { srand (7); for (i = 0; i < 40000; i++) printf "%c%d;%s%.*fe%d\n", 97 + int (rand () * 26), i % 97,
        rand () < 0.5 ? "-" : "", 1 + int (rand () * 17), rand (), int (rand () * 80) - 40 }' > "$here/numbers"
}

compare_jobs () {
    local data=$SRC/data
    make_numbers
    compare wordcount "$data/opticks.txt"
    compare wordcount "$SRC/README.es.md" --utf8
    compare stations "$data/stations.txt"
    compare stations "$here/numbers"
    compare groupby "$here/numbers" --no-header --delimiter ';' --by 1 --agg count,sum:2,mean:2,min:2,max:2
    compare groupby "$data/birdstrikes.csv" --by state,size --agg count,sum:cost,mean:speed,min:speed,max:speed
    compare grep "$data/opticks.txt" --regex '^[A-Z][a-z]+.*(red|blue)'
    compare sort "$data/opticks.txt"
    compare sort "$here/numbers" --by 2 --separator ';' --numeric --reverse
    compare pi --samples 300000
}

[ -x "$BUILD/tests/reference/generate" ] || stop "$BUILD/tests/reference is not built"
for tool in qemu-aarch64 aarch64-linux-gnu-gcc; do
    command -v "$tool" > /dev/null || stop "no $tool here (Debian: apt install qemu-user gcc-aarch64-linux-gnu)"
done
echo "== Libraries of arm64"
bash "$SRC/tests/arm64/sysroot.sh" "$root" || stop "no libraries for arm64"
echo "== Building for arm64"
make_tools
build_all || stop "the build for arm64 fails"
: > "$results"
XDG_CACHE_HOME=$(mktemp -d "${TMPDIR:-/tmp}/racimo-arm64.XXXXXX") || stop "no folder for compiled jobs"
trap 'rm -rf "$XDG_CACHE_HOME"' EXIT
native_path=$PATH
export XDG_CACHE_HOME PATH=$tools:$PATH

echo "== Unit tests"
unit_tests 4096 ""
unit_tests 16384 "test_print test_powers test_time test_text test_plan test_simulation"      # not those that know no pages
echo "== Jobs and data"
for page in 4096 16384; do
    system_test "$page" jobs
done
for test in data engine compile cli faults; do
    system_test 4096 "$test"
done
compare_jobs
echo "== Clusters"
for page in 4096 16384; do
    system_test "$page" streams
done
for test in cluster_setup cluster_client; do
    system_test 4096 "$test"
done
echo
passed=$(grep -c '^PASS' "$results") failed=$(grep -c '^FAIL' "$results")
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
