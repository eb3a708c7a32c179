#!/bin/sh
# resumed.sh GRAPEVINE KILL_AT: a job stopped by SIGTERM, and killed with SIGKILL, at points spread over
# all its stages goes on from its checkpoint and ends with the bytes of a job that was never stopped.
grapevine=$1 kill_at=$2 bad=0
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
export OMP_PROC_BIND=false OMP_WAIT_POLICY=passive
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" LSAN_OPTIONS="$LSAN_OPTIONS:detect_leaks=0"

fail() {
    echo "$signal at $point of $total: $*"
    bad=1
}

cat >job.yaml <<END
output: results.h5
import:
  edges: [$source/datasets/sample/friends.tsv]
  undirected: true
  output: g.h5
learn:
  log: $source/datasets/sample/purchases.tsv
  output: m.h5
influence:
  measure: i1,i2
  store: scores,rank,flags
ppr:
  topics: m.h5
cascade:
  seeds: influencers:5
  topic: books
  sims: 4000
  activation: true
END

job() { # words before the program
    "$@" "$grapevine" run job.yaml --threads 2 --progress none --checkpoint kept
}

"$grapevine" run job.yaml --threads 2 --progress none || exit 1
mkdir whole
mv g.h5 m.h5 results.h5 whole
total=$(job "$kill_at" count)
if [ $? = 77 ]; then
    echo "SKIP: processes may not be traced here"
    exit 77
fi
for signal in term kill; do
    for i in 0 1 2 3 4 5 6 7; do
        point=$((i < 7 ? total * i / 7 : total - 1))
        rm -rf g.h5 m.h5 results.h5 kept
        if [ $signal = term ]; then
            job "$kill_at" term $point 2>words
        else
            job "$kill_at" $point 2>words
        fi
        code=$?
        case $signal:$code in
        *:0) [ ! -e kept ] || fail "the checkpoint was left" ;;
        term:75)
            grep -q 'stopped; the same command goes on from the checkpoint in kept$' words ||
                fail "says $(cat words)"
            [ ! -e results.h5 ] || fail "results before the end"
            ;;
        term:143) ;; # before there was a checkpoint
        kill:137) ;;
        *) fail "exit code $code: $(cat words)" ;;
        esac
        job env 2>words || [ -e results.h5 ] || fail "going on failed: $(cat words)"
        for file in g.h5 m.h5 results.h5; do
            cmp $file whole/$file || fail "$file differs"
        done
        [ ! -e kept ] && [ ! -e results.h5.part ] || fail "left $(ls)"
    done
done

# A command by itself goes on too, from the middle of its worlds.
set -- cascade whole/g.h5 --seeds 1,2,3 --probability const:.2 --sims 2000000 --spread-only \
    --checkpoint worlds --threads 2 --progress none -o
signal=term point=1 total=worlds
"$grapevine" "$@" straight.h5 || fail "a cascade failed"
"$grapevine" "$@" stopped.h5 2>words &
pid=$!
while [ ! -e worlds/job.state ] && kill -0 $pid; do sleep 0.01; done
kill -TERM $pid
wait $pid
code=$?
[ $code = 75 ] || [ $code = 0 ] || fail "exit code $code: $(cat words)"
[ $code = 0 ] || [ ! -e stopped.h5 ] || fail "results before the end"
[ -e stopped.h5 ] || "$grapevine" "$@" stopped.h5 || fail "going on failed"
cmp straight.h5 stopped.h5 || fail "the cascade differs"

# What is not the job's stays: a folder that was there, and states of others; halves of its own go.
signal=none point=0 total=folder
mkdir theirs
printf precious >theirs/my.state
printf precious >theirs/notes
head -c 100 /dev/zero >theirs/cascade-0.state.part
"$grapevine" cascade whole/g.h5 --seeds 1 --probability wc -o z.h5 --checkpoint theirs --progress none ||
    fail "a cascade failed"
[ "$(cat theirs/my.state theirs/notes)" = preciousprecious ] || fail "files of others are gone"
[ ! -e theirs/cascade-0.state.part ] && [ ! -e theirs/job.state ] || fail "left $(ls theirs)"
mkdir bare
"$grapevine" cascade whole/g.h5 --seeds 1 --probability wc -o z2.h5 --resume --checkpoint bare 2>words
[ $? = 66 ] && [ -d bare ] || fail "a folder that was there is gone"

# So do learning and PageRank, whenever they are asked to stop.
"$grapevine" generate consumers --consumers 20000 --topics 2 --items 10 --purchases h5 -o people \
    --progress none || fail "no people"
for command in 'learn people/graph.h5 --log people/purchases.h5' \
    'learn people/graph.h5 --log people/purchases.h5 --method em' \
    'ppr people/graph.h5 --tolerance 1e-13' \
    'ppr people/graph.h5 --source 1,5 --tolerance 1e-12 --store scores' \
    'ppr people/graph.h5 --source 1,5 --tolerance 1e-9 --precision f32 --store scores' \
    'ppr people/graph.h5 --source 1,5 --tolerance 1e-5 --layout in-place --precision f32 --store scores'; do
    point=$command total=time
    rm -f straight.h5
    "$grapevine" $command --threads 2 --progress none -o straight.h5 || fail "does not run"
    for delay in 0.05 0.1 0.2 0.4; do
        rm -rf halfway stopped.h5
        timeout -s TERM $delay "$grapevine" $command --threads 2 --progress none -o stopped.h5 \
            --checkpoint halfway 2>words
        tries=0
        while [ ! -e stopped.h5 ] && [ $tries -lt 3 ]; do
            "$grapevine" $command --threads 3 --progress none -o stopped.h5 --checkpoint halfway \
                2>words
            tries=$((tries + 1))
        done
        cmp straight.h5 stopped.h5 || fail "differs after $delay s: $(cat words)"
        [ ! -e halfway ] || fail "a checkpoint was left"
    done
done

# A file of ids that changed since is another job, though the option reads the same.
printf '1\n2\n' >who
printf 'output: y.h5\ngraph: whole/g.h5\nppr:\n  source: who\n' >walk.yaml
signal=kill total=$("$kill_at" count "$grapevine" run walk.yaml --progress none --checkpoint walked)
point=$((total / 2))
rm -f y.h5
"$kill_at" $point "$grapevine" run walk.yaml --progress none --checkpoint walked
printf '1\n3\n' >who
"$grapevine" run walk.yaml --progress none --checkpoint walked 2>words
[ $? = 2 ] && grep -q 'another job' words || fail "goes on with another file: $(cat words)"
"$grapevine" cascade whole/g.h5 --seeds 1 --probability wc -o x.h5 --resume 2>words
[ $? = 2 ] || fail "--resume alone is accepted"
"$grapevine" cascade whole/g.h5 --seeds 1 --probability wc -o x.h5 --resume --checkpoint none \
    2>words
[ $? = 66 ] || fail "--resume started from nothing"
[ ! -e none ] || fail "a folder was left"
exit $bad
