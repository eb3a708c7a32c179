# Outputs appear whole or not at all, are refused before the work, and never replace what is no file.
say() { # a command, its words and exit code
    echo "\$ grapevine $*"
    grapevine "$@" --progress none
    echo "= $?"
}
data=$GV_SOURCE/datasets/sample
grapevine import "$data/friends.tsv" --undirected -o g.h5 --progress none

# no folder, no file: said before the log is read
say learn g.h5 --log none.tsv -o nowhere/m.h5
say generate consumers -o nowhere/at/all
say generate consumers -o g.h5
mkdir folder
say ppr g.h5 -o folder --force
mkfifo pipe
say export g.h5 --table edges -o pipe --force
test -p pipe || echo "the pipe was replaced"

# a job looks at all its outputs first
printf 'output: have.h5\nimport:\n  edges: [%s]\n  output: new.h5\nppr:\n  top-k: 3\n' \
    "$data/friends.tsv" >job.yaml
: >have.h5
say run job.yaml
: >empty.yaml
say run empty.yaml
printf 'output: r.h5\ngraph: g.h5\n' >idle.yaml
say run idle.yaml

# standard output that takes nothing
for words in --help --version 'ppr --help' 'info g.h5' 'export g.h5 --table edges'; do
    grapevine $words >/dev/full
    echo "$words = $?"
done

# a signal in the middle; one that the caller had ignored stays so
for signal in TERM HUP PIPE XCPU; do
    grapevine cascade g.h5 --seeds 1 --probability const:0.5 --sims 10000000 -o c.h5 --progress none &
    program=$!
    for wait in $(seq 1000); do
        test -e c.h5.part && break
        sleep .02
    done
    test -e c.h5.part || echo "$signal: nothing was begun"
    kill -s $signal $program
    wait $program 2>/dev/null
    echo "$signal: $(($? - 128))"
done
# all files of a population come at once
for pop in new old; do
    [ $pop = new ] || { mkdir old && echo mine >old/notes; }
    grapevine generate consumers --consumers 20000 --items 3000 -o $pop --progress none &
    program=$!
    for wait in $(seq 1000); do
        test -e $pop/.part/graph.h5 && break
        sleep .02
    done
    test -e $pop/.part/graph.h5 || echo "$pop: nothing was begun"
    kill -s TERM $program
    wait $program 2>/dev/null
    echo "generate, TERM: $(($? - 128)), left: $(ls -A $pop 2>&1)"
done
rm -r old
trap '' HUP
grapevine cascade g.h5 --seeds 1 --probability const:0.5 --sims 10000000 -o c.h5 --progress none &
program=$!
sleep .1
kill -s HUP $program
kill -s TERM $program
wait $program 2>/dev/null
echo "HUP ignored, TERM: $(($? - 128))"
ls
