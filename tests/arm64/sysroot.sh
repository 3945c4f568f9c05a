#!/bin/bash
# sysroot: Debian's arm64 libraries and headers in a folder of their own, for the cross compiler and for the emulator.
#   tests/arm64/sysroot.sh FOLDER     makes it, unless it is there (some 400 MB, a quarter of a minute, about 100 MB to download)
# Beside this machine's own packages it would not do: libczmq-dev of one CPU removes that of another. The packages come from where this
# machine's apt gets its own. A folder that is there is complete, for it is made under another name and renamed.
set -eu
root=${1:?is the folder to make}
packages=libczmq-dev,libmsgpack-dev,zlib1g-dev,libxxhash-dev,liblz4-dev,libzstd-dev,check
[ ! -e "$root" ] || exit 0

for tool in mmdebstrap apt-get; do
    command -v "$tool" > /dev/null || { echo "sysroot: no $tool here (Debian: apt install mmdebstrap)" >&2; exit 1; }
done

# What apt here takes Debian's own packages from, as lines of a sources.list.
sources () {
    # shellcheck disable=SC2016  # apt's names, not the shell's
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' \
        | awk '$1 == "Debian" && $4 == "main" { print "deb [arch=arm64] " $2, $3, $4 }' | sort -u
}

list=$(mktemp)
trap 'rm -rf "$list" "$root.new"' EXIT
sources > "$list"
[ -s "$list" ] || { echo "sysroot: apt here has no source of Debian's packages" >&2; exit 1; }
release=$(awk 'NR == 1 { print $4 }' "$list")

mkdir -p "$(dirname "$root")"
rm -rf "$root.new"
mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$packages" "${release%%-*}" "$root.new" "$list"

# Absolute links would lead out of the folder, to this machine's own libraries.
find "$root.new" -type l -lname '/*' -not -path "$root.new/dev/*" | while read -r link; do
    ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$root.new$(readlink "$link")")" "$link"
done
mv "$root.new" "$root"
