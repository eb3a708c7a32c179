#!/bin/sh
# scale.sh BUILD DIR CONSUMERS...: the weekly job on populations of these sizes: learning from two
# purchases a consumer in 4 topics, influence by one and two edges, PageRank of each topic, the 1,000
# best influencers of one topic in 1,024 worlds, and the influencers as text. For each size a line of
# seconds and bytes a consumer, the plan beside what was seen, how many planted influencers were
# found, and what a model of the first 292 days foresees of a tenth of the items. The population, some
# 180 bytes a consumer, stays in DIR/CONSUMERS for another run; results are removed. MEMORY (20G) is
# the limit of the job.
build=$1 dir=$2 memory=${MEMORY:-20G}
[ $# -ge 3 ] || { sed -n '2,9s/^# //p' "$0" && exit 64; }
shift 2
grapevine=$(cd "$build" && pwd)/grapevine
peak=$(cd "$build" && pwd)/tests/peak
cd "$dir" || exit 66

populate() { # consumers
    [ -e "$1/job.yaml" ] && return
    "$grapevine" generate consumers --consumers "$1" --mean-degree 10 --topics 4 --items 20 \
        --purchases h5 -o "$1" --progress log || exit 1
    rm -f "$1/nodes.tsv"
}

job() {
    cat <<END
graph: graph.h5
output: results.h5
learn:
  log: purchases.h5
  output: model.h5
influence:
  topics: all
  measure: i1,i2
  store: flags
  prospects: 0
  top-k: 20
ppr:
  topics: model.h5
  tolerance: 1e-6
  precision: f32
  layout: in-place
  top-k: 20
cascade:
  seeds: influencers:1000
  topic: books
  sims: 1024
END
}


for consumers; do
    populate "$consumers"
    cd "$consumers" || exit 1
    rm -f model.h5 results.h5 influencers.tsv
    job >weekly.yaml
    "$grapevine" run weekly.yaml --memory "$memory" --checkpoint kept --dry-run >plan.txt
    grep '^plan of\|^peak\|^time\|^all stages' plan.txt
    begun=$(date +%s%N)
    most=$("$peak" "$grapevine" run weekly.yaml --memory "$memory" --checkpoint kept \
        --progress log 2>words.txt) || { cat words.txt; exit 1; }
    ended=$(date +%s%N)
    grep -v ' ETA ' words.txt
    "$grapevine" export results.h5 --table influencers --topic books -o influencers.tsv \
        --progress none
    exported=$(date +%s%N)
    echo "$consumers $begun $ended $exported $most $(wc -c <model.h5) $(wc -c <results.h5)" |
        awk '{ s = ($3 - $2) / 1e9
        printf "| %d | %.1f s | %.2f us a consumer | %.0f MiB | %.1f bytes a consumer | model %.0f MB, results %.0f MB | export %.1f s |\n",
            $1, s, 1e6 * s / $1, $5 / 2^20, $5 / $1, $6 / 1e6, $7 / 1e6, ($4 - $3) / 1e9 }'
    "$grapevine" info results.h5 --truth truth.h5 --top 0 --progress none
    rm -f model.h5 results.h5 influencers.tsv
    "$grapevine" learn graph.h5 --log purchases.h5 --until 2025-10-20 -o before.h5 \
        --memory "$memory" --progress none || exit 1
    "$grapevine" evaluate graph.h5 --log purchases.h5 --model before.h5 --truth truth.h5 \
        --sample .1 --memory "$memory" --progress none || exit 1
    rm -f before.h5
    cd ..
done
