#!/bin/sh
# peaks.sh [BUILD [CONSUMERS...]]: planned and measured peaks of all commands on larger graphs:
# populations of 1, 4 and 15 million consumers, 10 friends each, with purchases of one consumer in
# three. Prints a table; leaves with 1 if a plan is off by more than 5 % and 48 MiB. With 15 million
# it takes about 5 GiB of memory and 9 GB in TMPDIR.
build=${1:-build/release}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- 1000000 4000000 15000000
grapevine=$(cd "$build" && pwd)/grapevine
peak=$(cd "$build" && pwd)/tests/peak
bad=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export OMP_PROC_BIND=false

compare() { # arguments of grapevine
    "$grapevine" "$@" --force --dry-run >plan.txt || bad=1
    planned=$(sed -n 's/^peak: .*(\([0-9,]*\) bytes).*/\1/p' plan.txt | tr -d ,)
    foreseen=$(sed -n 's/^time: about \(.*\)/\1/p' plan.txt)
    begun=$(date +%s%N)
    measured=$("$peak" "$grapevine" "$@" --force --progress none 2>words) || cat words
    took=$((($(date +%s%N) - begun) / 1000000))
    off=$((planned > measured ? planned - measured : measured - planned))
    verdict=""
    if [ $off -gt $((measured / 20)) ] && [ $off -gt 50331648 ]; then
        verdict=" OFF"
        bad=1
    fi
    echo "$consumers|$*|$planned|$measured|$foreseen|$took|$verdict" | awk -F'|' '{
        printf "| %d | %s | %.1f | %.1f | %+.1f %% | %s | %.1f s |%s\n", $1, $2, $3 / 2^20, $4 / 2^20,
               100 * ($3 - $4) / $4, $5, $6 / 1000, $7 }'
}

echo '| consumers | command | planned, MiB | measured, MiB | off | time planned | measured |'
echo '|---|---|---|---|---|---|---|'
for consumers; do
    compare generate consumers --consumers $consumers --topics 4 --items 10 --days 90 -o pop
    compare info pop/graph.h5
    compare verify pop/graph.h5
    compare export pop/graph.h5 --table edges -o edges.tsv
    compare learn pop/graph.h5 --log pop/purchases.tsv -o model.h5
    compare verify model.h5
    compare evaluate pop/graph.h5 --log pop/purchases.tsv
    compare import edges.tsv -o out.h5
    rm -f out.h5
    compare import edges.tsv --memory $((consumers / 16000))M -o out.h5
    rm -f out.h5 edges.tsv
    compare ppr pop/graph.h5 --tolerance 1e-4 -o out.h5
    compare ppr pop/graph.h5 --tolerance 1e-4 --precision f32 -o out.h5
    compare ppr pop/graph.h5 --topics model.h5 --tolerance 1e-3 -o out.h5
    compare ppr pop/graph.h5 --topics model.h5 --tolerance 1e-3 --precision f32 -o out.h5
    compare cascade pop/graph.h5 --seeds 1,2,3 --probability wc -o out.h5
    compare cascade pop/graph.h5 --seeds 1,2,3 --probability const:.3 --sims 256 --memory 3G -o out.h5
    compare influence pop/graph.h5 --model model.h5 -o out.h5
    compare influence pop/graph.h5 --model model.h5 --measure i1,i2 -o out.h5
    compare export out.h5 --table influencers -o out.tsv
    rm -rf pop model.h5 out.h5 out.tsv
done
exit $bad
