#!/bin/sh
# peaks.sh GRAPEVINE PEAK: the peak that --dry-run foretells against the one that is measured, on three
# sizes of graph. Within 5 % or 16 MiB, mapped files included. An import that fits by its plan, fits.
# A job is as large as its plan says in memory and on disk.
grapevine=$1 peak=$2 bad=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export OMP_PROC_BIND=false

compare() { # arguments of grapevine without output
    look plan.h5 out.h5 "$@"
}

look() { # outputs of plan and run ("" for none), arguments of grapevine
    plan=${1:+-o $1} out=${2:+-o $2}
    shift 2
    planned=$("$grapevine" "$@" $plan --threads 2 --dry-run |
        sed -n 's/^peak: .*(\([0-9,]*\) bytes).*/\1/p' | tr -d ,)
    measured=$("$peak" "$grapevine" "$@" $out --threads 2 --force --progress none 2>err.txt)
    code=$?
    if [ $code != 0 ] || [ -z "$planned" ] || [ -e plan.h5 ]; then
        echo "exit code $code, planned '$planned': $*"
        cat err.txt
        bad=1
        return
    fi
    off=$((planned > measured ? planned - measured : measured - planned))
    allowed=$((measured / 20 > 16777216 ? measured / 20 : 16777216))
    echo "planned $((planned / 1024)) KiB, measured $((measured / 1024)) KiB: $*"
    if [ $off -gt $allowed ]; then
        echo "  is off by $((off / 1024)) KiB, more than $((allowed / 1024)) KiB"
        bad=1
    fi
}

for consumers in 5000 30000 120000; do
    "$grapevine" generate consumers --consumers $consumers --topics 2 --items 6 --days 90 \
        -o population --force --progress none || exit 1
    "$grapevine" export population/graph.h5 --table edges -o edges.tsv --force --progress none
    "$grapevine" learn population/graph.h5 --log population/purchases.tsv -o model.h5 --force \
        --progress none || exit 1
    compare import edges.tsv
    compare import edges.tsv --memory $((consumers / 4000 + 24))M
    compare import edges.tsv --undirected --probability tri
    mv out.h5 stored.h5
    compare ppr population/graph.h5 --tolerance 1e-4
    compare ppr population/graph.h5 --topics model.h5 --tolerance 1e-4
    compare cascade population/graph.h5 --seeds 1,2,3 --probability wc
    compare cascade population/graph.h5 --seeds 1,2,3 --probability const:.3 --sims 256
    compare cascade stored.h5 --seeds 1,2,3 --activation
    compare influence population/graph.h5 --model model.h5
    compare influence population/graph.h5 --model model.h5 --measure i1,i2 --store scores,rank,flags
    look "" "" export out.h5 --table influencers
    look "" "" export population/graph.h5 --table edges
    look "" "" info population/graph.h5
    look "" "" verify population/graph.h5
    look "" "" verify population/truth.h5
    look "" "" verify model.h5
    look plan other generate consumers --consumers $consumers --topics 2 --items 6 --days 90
    look plan columns generate consumers --consumers $consumers --topics 2 --items 6 --days 90 \
        --purchases h5
    compare learn columns/graph.h5 --log columns/purchases.h5
    compare learn columns/graph.h5 --log columns/purchases.h5 --memory $((consumers / 5000 + 28))M
done

# a job: the largest of its stages, and what they leave; a checkpoint takes disk beside that
cat >weekly.yaml <<END
graph: columns/graph.h5
output: results.h5
learn: {log: columns/purchases.h5, output: weekly.h5}
influence: {measure: "i1,i2", store: flags, prospects: 0}
ppr: {topics: weekly.h5, precision: f32, layout: in-place, tolerance: 1e-6}
cascade: {seeds: "influencers:100", topic: books}
END
"$grapevine" run weekly.yaml --threads 2 --dry-run --checkpoint kept | tr -d , >plan.txt || bad=1
"$peak" "$grapevine" run weekly.yaml --threads 2 --progress none >measured.txt || bad=1
cat weekly.h5 results.h5 | wc -c | cat measured.txt - plan.txt | awk '
    function near(what, planned, seen, least) {
        off = planned > seen ? planned - seen : seen - planned
        print "job: planned " planned " bytes of " what ", measured " seen
        if (off > seen / 20 && off > least) { print "  is off by " off; bad = 1 }
    }
    NR == 1 { peak = $1 }
    NR == 2 { output = $1 }
    /states in the checkpoint/ { states++ }
    /^all stages/ { near("peak", $4, peak, 16777216); near("output", $11, output, 1000000); found = 1 }
    END { exit bad || !found || states != 2 }' || bad=1

"$grapevine" import edges.tsv -o whole.h5 --progress none || bad=1
planned=0
for memory in 2 3 4 5 6 8 11 15 20 27 36 48; do
    "$grapevine" import edges.tsv --memory ${memory}M -o out.h5 --dry-run --force >plan.txt || continue
    planned=$((planned + 1))
    "$grapevine" import edges.tsv --memory ${memory}M -o out.h5 --force --progress none &&
        cmp out.h5 whole.h5 && continue
    echo "import with $memory MiB, which fits by its plan, fails"
    bad=1
done
[ $planned -gt 6 ] || bad=1
exit $bad
