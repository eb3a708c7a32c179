#!/bin/sh
# stopped.sh GRAPEVINE [CONSUMERS]: the weekly job of docs/scale.md on 1.5 million consumers, stopped by
# SIGTERM in each of its stages and by SIGKILL at any time, ends with the bytes of one that was not.
grapevine=$1 consumers=${2:-1500000} bad=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export OMP_PROC_BIND=false OMP_WAIT_POLICY=passive

fail() {
    echo "$*"
    bad=1
}

"$grapevine" generate consumers --consumers "$consumers" --mean-degree 10 --topics 4 --items 20 \
    --purchases h5 -o people --progress none || exit 1
cat >weekly.yaml <<END
graph: people/graph.h5
output: results.h5
learn: {log: people/purchases.h5, output: model.h5}
influence: {topics: all, measure: "i1,i2", store: flags, prospects: 0, top-k: 20}
ppr: {topics: model.h5, tolerance: 1e-6, precision: f32, layout: in-place, top-k: 20}
cascade: {seeds: "influencers:1000", topic: books, sims: 1024}
END

start() { # in the background, as $pid
    : >words
    "$grapevine" run weekly.yaml --threads 2 --progress log --checkpoint kept \
        --checkpoint-every 1s 2>words &
    pid=$!
}

finish() { # what was stopped, and compare; $1 says how
    if [ ! -e results.h5 ]; then
        start
        wait $pid || fail "$1: going on failed: $(cat words)"
    fi
    for file in model.h5 results.h5; do
        cmp $file whole/$file || fail "$1: $file differs"
    done
    [ ! -e kept ] && [ ! -e results.h5.part ] || fail "$1: left $(ls)"
    rm -f model.h5 results.h5
}

start
wait $pid || exit 1
mkdir whole
mv model.h5 results.h5 whole

stops=0
for before in none learn influence ppr; do # the stage whose end is waited for
    start
    while [ $before != none ] && ! grep -q "^$before " words && kill -0 $pid 2>/dev/null; do
        sleep 0.02
    done
    [ $before = none ] && sleep 1
    [ $before = ppr ] || sleep 0.2
    kill -TERM $pid
    wait $pid
    case $? in
    75) stops=$((stops + 1)) ;;
    143) ;; # before there was a checkpoint
    0) break ;; # a fast machine was done before
    *) fail "SIGTERM after $before: $(cat words)" ;;
    esac
done
[ $stops -gt 0 ] || fail "never stopped"
finish SIGTERM

for delay in 2 5 1 7 3; do
    start
    sleep $delay
    kill -KILL $pid 2>/dev/null
    wait $pid
    [ ! -e results.h5 ] || break # a fast machine is done
done
finish SIGKILL
exit $bad
