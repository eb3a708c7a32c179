#!/bin/sh
# quality.sh PROGRAM [SEEDS]: what models of learnt influence are worth on generated populations of
# 3,000 consumers and 4 topics, as means over seeds 1 to SEEDS (5) with 95 % intervals (Student's t):
# at 300 and 1,000 items a topic, and without influence.
set -e
program=$1
seeds=${2:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# rows of evaluate's table as "name auc precision correlation"; without bootstraps its interval is "- -"
table() {
    awk '$1 == "model" { on = 1; next } NF == 0 { on = 0 } on { print $1, $2, $5, $6 }'
}

for kind in 300 1000 none; do
    seed=1
    while [ "$seed" -le "$seeds" ]; do
        items=$kind influence=on
        [ "$kind" = none ] && items=300 influence=none
        "$program" generate consumers --consumers 3000 --topics 4 --items "$items" \
            --influence "$influence" --seed "$seed" -o "$folder/p" --progress none 2>/dev/null
        "$program" evaluate "$folder/p/graph.h5" --log "$folder/p/purchases.tsv" --truth \
            "$folder/p/truth.h5" --bootstraps 0 --progress none 2>/dev/null |
            table | sed "s/^/$kind $seed /"
        rm -rf "$folder/p"
        seed=$((seed + 1))
    done
done >"$folder/rows"

awk '
    function figure(kind, name, x) { n[kind, name]++; sum[kind, name] += x; sq[kind, name] += x * x }
    { auc[$1, $2, $3] = $4; precision[$1, $2, $3] = $5; r[$1, $2, $3] = $6; seen[$1, $2] = 1 }
    END {
        split("0 12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ")
        for (key in seen) {
            split(key, k, SUBSEP)
            a = k[1] SUBSEP k[2] SUBSEP "topic-aware"; b = k[1] SUBSEP k[2] SUBSEP "topic-blind"
            if (k[1] != "none") {
                figure(k[1], "AUC over that of the planted p", auc[a] / auc[k[1], k[2], "planted"])
                figure(k[1], "correlation", r[a])
                figure(k[1], "AUC above topic-blind", auc[a] - auc[b])
                figure(k[1], "precision above topic-blind", precision[a] - precision[b])
            }
            figure(k[1], "precision of the top 15 %", precision[a])
        }
        for (key in n) {
            split(key, k, SUBSEP)
            m = sum[key] / n[key]
            v = n[key] > 1 ? (sq[key] - n[key] * m * m) / (n[key] - 1) : 0
            half = n[key] > 1 && n[key] < 11 ? t[n[key]] * sqrt((v > 0 ? v : 0) / n[key]) : 0
            printf "%-6s %-32s %.3f +- %.3f\n", k[1], k[2], m, half
        }
    }' "$folder/rows" | sort
