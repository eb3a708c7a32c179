#!/bin/sh
# check.sh BUILD LIBDIR CC FLAGS: installs BUILD into an empty folder and uses the library from there
# through find_package and pkg-config; what it exports; its headers as C and as C++.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$1 libdir=$2 cc=$3 flags=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
prefix=$folder/prefix
expected='0.388727 0.330418 0.140428 0.140428'
expect() { # what, words
    [ "$2" = "$expected" ] || { echo "$1 printed: $2"; exit 1; }
}

cmake --install "$build" --prefix "$prefix" >/dev/null
"$prefix/bin/grapevine" --version

cmake -S "$here" -B "$folder/user" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_C_FLAGS="$flags" >/dev/null
cmake --build "$folder/user" >/dev/null
expect find_package "$("$folder/user/example")"

export PKG_CONFIG_PATH="$prefix/$libdir/pkgconfig"
# shellcheck disable=SC2046,SC2086
"$cc" -std=c11 $flags "$here/example.c" $(pkg-config --cflags --libs grapevine) -o "$folder/linked"
expect pkg-config "$(LD_LIBRARY_PATH=$prefix/$libdir "$folder/linked")"

foreign=$(nm -D --defined-only "$prefix/$libdir/libgrapevine.so" | awk '{ print $3 }' | grep -v '^gv_' || true)
case $flags in
*-fsanitize*) ;; # sanitizers export names of their own
*) [ -z "$foreign" ] || { echo "exported beside gv_*: $foreign"; exit 1; } ;;
esac

for header in "$prefix"/include/grapevine/*.h; do # each one alone, in whatever order a user has
    printf '#include <grapevine/%s>\ntypedef int not_empty;\n' "${header##*/}" >"$folder/one.c"
    "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -fsyntax-only "$folder/one.c"
done
echo '#include <grapevine/grapevine.h>' >"$folder/all.c"
if command -v clang++ >/dev/null; then
    clang++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$prefix/include" -fsyntax-only -x c++ \
        "$folder/all.c"
else
    echo "no clang++: the headers were not read as C++"
fi
