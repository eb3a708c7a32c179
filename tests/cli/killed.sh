#!/bin/sh
# killed.sh GRAPEVINE KILL_AT: kill -9 at ten points of an import, spread over its changes of files, with
# everything in memory and with temporary data. What is left must not open, unless it is whole; the
# folder of temporary data is empty; the next run makes the file as if nothing had been.
grapevine=$1 kill_at=$2 bad=0 point=none
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export OMP_PROC_BIND=false OMP_WAIT_POLICY=passive
# The leak sanitizer cannot look at a process that is traced.
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" LSAN_OPTIONS="$LSAN_OPTIONS:detect_leaks=0"
mkdir tmp

fail() {
    echo "$memory, killed at $point of $total: $*"
    bad=1
}

import() { # words before the program
    "$@" "$grapevine" import edges.tsv -o g.h5 --tmpdir tmp --threads 2 --memory $memory \
        --progress none
}

awk 'BEGIN { for (i = 0; i < 80000; i++) print i, (i * 7919) % 80021 }' >edges.tsv
for memory in 1G 5M; do
    total=$(import "$kill_at" count)
    if [ $? = 77 ]; then
        echo "SKIP: processes may not be traced here"
        exit 77
    fi
    if ! "$grapevine" verify g.h5 --progress none >/dev/null || [ -z "$total" ]; then
        echo "the import that nobody killed failed"
        exit 1
    fi
    # Else both would be imports in memory.
    [ $memory = 1G ] && in_memory=$total
    [ $memory = 1G ] || [ $total -gt $((2 * in_memory)) ] || fail "no temporary data were written"
    mv g.h5 whole.h5
    for i in 0 1 2 3 4 5 6 7 8 9; do
        point=$((i < 9 ? total * i / 9 : total - 1))
        import "$kill_at" $point 2>words
        code=$?
        [ $code = 137 ] || [ $code = 0 ] || fail "exit code $code: $(cat words)"
        if [ -e g.h5 ]; then
            cmp g.h5 whole.h5 || fail "an output that is not whole"
        fi
        if [ -e g.h5.part ] && "$grapevine" info g.h5.part >/dev/null 2>&1; then
            "$grapevine" verify g.h5.part >words 2>&1 || fail "a part opens and is not whole"
        fi
        [ -z "$(ls -A tmp)" ] || fail "left in the folder of temporary data: $(ls -A tmp)"
        rm -f g.h5
        import env || fail "the next run failed"
        cmp g.h5 whole.h5 || fail "the next run made another file"
        [ ! -e g.h5.part ] || fail "the next run left a part"
        rm -f g.h5
    done
done

# Where names are needed for a moment a kill may leave an empty file: the next run removes it, and
# nothing else.
: >tmp/.grapevine-aB3xY9
echo mine >tmp/.grapevine-aB3xYz
: >tmp/.grapevine-notes
mkdir tmp/.grapevine-folder
import env || fail "a run with strangers' files failed"
[ "$(ls -A tmp | tr '\n' ' ')" = ".grapevine-aB3xYz .grapevine-folder .grapevine-notes " ] ||
    fail "removed or left the wrong files: $(ls -A tmp)"
exit $bad
