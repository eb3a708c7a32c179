#!/bin/sh
# peaks.sh [BUILD]: planned and measured peaks of import, cascade, ppr and influence on larger graphs:
# populations of 100,000, 300,000 and 1,000,000 consumers, 10 friends each. Prints a table; leaves with
# 1 if a plan is off by more than 5 % and 48 MiB. Takes about 2 GiB of memory and disk.
build=${1:-build/release}
grapevine=$(cd "$build" && pwd)/grapevine
peak=$(cd "$build" && pwd)/tests/peak
bad=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

compare() { # arguments of grapevine, without output
    planned=$("$grapevine" "$@" -o out.h5 --dry-run |
        sed -n 's/^peak: .*(\([0-9,]*\) bytes).*/\1/p' | tr -d ,)
    measured=$("$peak" "$grapevine" "$@" -o out.h5 --force --progress none 2>/dev/null)
    off=$((planned > measured ? planned - measured : measured - planned))
    verdict=""
    if [ $off -gt $((measured / 20)) ] && [ $off -gt 50331648 ]; then
        verdict=" OFF"
        bad=1
    fi
    printf '| %9d | %-62s | %8.1f | %8.1f | %+5.1f %% |%s\n' "$consumers" "$*" \
        "$(echo "$planned / 1048576" | bc -l)" "$(echo "$measured / 1048576" | bc -l)" \
        "$(echo "100 * ($planned - $measured) / $measured" | bc -l)" "$verdict"
}

echo '| consumers | command | planned, MiB | measured, MiB | off |'
echo '|---|---|---|---|---|'
for consumers in 100000 300000 1000000; do
    "$grapevine" generate consumers --consumers $consumers --topics 4 --items 10 --days 90 \
        -o population --force --progress none || exit 1
    "$grapevine" export population/graph.h5 --table edges -o edges.tsv --force --progress none
    "$grapevine" learn population/graph.h5 --log population/purchases.tsv -o model.h5 --force \
        --progress none || exit 1
    compare import edges.tsv
    compare ppr population/graph.h5 --tolerance 1e-4
    compare ppr population/graph.h5 --topics model.h5 --tolerance 1e-4
    compare cascade population/graph.h5 --seeds 1,2,3 --probability wc
    compare cascade population/graph.h5 --seeds 1,2,3 --probability const:.3 --sims 1024
    compare influence population/graph.h5 --model model.h5
    compare influence population/graph.h5 --model model.h5 --measure i1,i2
done
exit $bad
