#!/bin/sh
# import_curve.sh BUILD DIR [SCALE:MIB]...: seconds an edge of an import, by scale of a Kronecker graph
# with 16 edges a node. Each graph is made as text in DIR and removed again; MIB limits the memory, 0
# does not. By default 18 to 26, the last with 8 GiB: its text takes 19 GB, its graph file 9.
build=$1 dir=$2
[ $# -ge 2 ] || { sed -n '2,4s/^# //p' "$0" && exit 64; }
shift 2
[ $# -gt 0 ] || set -- 18:0 20:0 22:0 24:0 26:8192
for point in "$@"; do
    scale=${point%:*} memory=${point#*:}
    edges=$dir/kron$scale.tsv
    "$build/grapevine" generate kron --scale "$scale" --format tsv -o "$edges" --force \
        --progress none || exit 1
    trials=3
    [ "$scale" -ge 25 ] && trials=1
    "$build/bench/bench_import" file="$edges" memory="$memory" trials=$trials dir="$dir" \
        >"$dir/curve.json" || exit 1
    rm "$edges"
    cat "$dir/curve.json"
    sed -n 's/.*"figure": "import".*"m": \([0-9]*\).*"median": \([0-9.e+-]*\).*/\1 \2/p' \
        "$dir/curve.json" | awk -v s="$scale" -v l="$memory" \
        '{ printf "scale %d, limit %d MiB: %.3f s, %.1f ns an edge\n", s, l, $2, 1e9 * $2 / $1 }'
done
rm -f "$dir/curve.json"
