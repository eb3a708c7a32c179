# grapevine --dry-run and --memory: plans of all commands, what does not fit, threads and warnings.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none --threads 2
    echo "= $?"
}

plan() { # a command's plan: its phases, sizes left out
    echo "\$ $*"
    grapevine "$@" --dry-run --threads 2 >plan.txt
    code=$?
    sed -E '/^    /d; /^time/d; s/ +[0-9.]+ [MG]iB.*//; s/[0-9.,]+ (bytes|s)/N \1/g' plan.txt
    echo "= $code"
}

i=0
while [ $i -lt 60 ]; do
    echo "$i $(((i * 7 + 3) % 60)) 0.5"
    i=$((i + 1))
done >edges.txt

plan import edges.txt --probability 3 -o g.h5
ls
say import edges.txt --probability 3 -o g.h5
plan cascade g.h5 --seeds 3 -o x.h5
plan ppr g.h5 --source 3,4 -o x.h5
plan verify g.h5
plan info g.h5
plan export g.h5 --table edges
plan generate consumers --consumers 1000 -o pop
grapevine generate consumers --consumers 500 --topics 2 --items 20 -o pop --progress none
plan learn pop/graph.h5 --log pop/purchases.tsv -o m.h5
grapevine learn pop/graph.h5 --log pop/purchases.tsv -o m.h5 --progress none
plan evaluate pop/graph.h5 --log pop/purchases.tsv
plan influence pop/graph.h5 --model m.h5 -o x.h5
plan run pop/job.yaml
ls x.h5 2>/dev/null

# what does not fit is said before it is begun, and if it is begun all the same
seq 1 300000 | awk '{ print $1, $1 * 7 % 300000 }' >big.txt
grapevine import big.txt -o big.h5 --memory 2M --dry-run 2>&1 >/dev/null | sed 's/needs [0-9,]*/needs N/'
grapevine import big.txt -o big.h5 --memory 2M --dry-run >/dev/null 2>&1
echo "= $?"
say import big.txt -o big.h5 --memory 2M 2>&1 | sed 's/: out of memory.*/: out of memory/'
grapevine import big.txt -o big.h5 --memory 1G --dry-run >/dev/null
echo "= $?"
ls big.h5* 2>/dev/null

# nor does what is larger than the disk
grapevine generate kron --scale 30 --edge-factor 1024 --memory 64G -o huge.h5 --dry-run 2>&1 \
    >/dev/null | sed 's/[0-9,]* bytes/N bytes/; s/, [0-9,]* are/, N are/'
grapevine generate kron --scale 30 --edge-factor 1024 --memory 64G -o huge.h5 --dry-run >/dev/null 2>&1
echo "= $?"

# refusals
say import edges.txt -o x.h5 --memory 5X
say import edges.txt -o x.h5 --memory 100
say import edges.txt -o x.h5 --memory=
say import - -o x.h5 --dry-run
say cascade g.h5 --seeds 3 --probability none --sims 0 -o x.h5 --dry-run
say ppr nowhere.h5 -o x.h5 --dry-run

# one cpu of many
SLURM_CPUS_PER_TASK=8 taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" \
    grapevine info g.h5 --progress none 2>&1 | grep WARNING
echo "bound threads:"
env -u OMP_PROC_BIND grapevine ppr g.h5 -o y.h5 --progress log 2>&1 | grep -cE '^(machine|threads|memory budget): '
OMP_NUM_THREADS=1 grapevine ppr g.h5 -o y.h5 --force --progress log 2>&1 | grep '^threads'
SLURM_CPUS_PER_TASK=1 grapevine ppr g.h5 -o y.h5 --force --progress log 2>&1 | grep '^threads'
