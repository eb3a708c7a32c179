# Bad input, bad places: one clear line, the right exit code, no half output.
say() { # a command, its words and exit code
    echo "\$ grapevine $*"
    grapevine "$@" --progress none
    echo "= $?"
}

# edges
printf 'src\tdst\tp\n1\t2\t.5\n2\t3\t1.5\n' >range.tsv
printf '1 2 .5\n2 3 nan\n' >nan.tsv
printf '1 2\n2\n' >short.tsv
printf '1 2\nx 3\n' >letters.tsv
printf '1 2\n2 3\n' >good.tsv
say import range.tsv --probability p -o g.h5
say import nan.tsv --probability 3 -o g.h5
say import short.tsv -o g.h5
say import letters.tsv --id int -o g.h5
say import good.tsv --columns src,dst -o g.h5
say import good.tsv --columns 1,5 -o g.h5
say import none.tsv -o g.h5
say import good.tsv --undirect -o g.h5
say import good.tsv --duplicates twice -o g.h5
say import good.tsv
say import good.tsv -o nowhere/g.h5
say import good.tsv -o /proc/g.h5 2>&1 | sed 's/: [^:]*$/: (reason)/'
say imprt good.tsv

# files that are not ours, or not whole
say import good.tsv -o g.h5
say import good.tsv -o g.h5
printf 'not a file of ours' >text.h5
say info text.h5
say ppr text.h5 -o p.h5
size=$(wc -c <g.h5)
head -c $((size / 2)) g.h5 >half.h5
say ppr half.h5 -o p.h5
say verify half.h5
: >empty.h5
say cascade empty.h5 --seeds 1 --probability wc -o c.h5
/usr/bin/python3 - <<'END'
import h5py
with h5py.File("foreign.h5", "w") as f:
    f["x"] = [1, 2, 3]
END
say ppr foreign.h5 -o p.h5
say cascade g.h5 --seeds 1,7 --probability wc -o c.h5
say cascade g.h5 --seeds 1 -o c.h5
say ppr g.h5 --source 1 --damping 1 -o p.h5
say ppr g.h5 --source nobody -o p.h5
say ppr g.h5 --source 1 --tolerance 1e-12 --max-iterations 2 -o short.h5
say influence g.h5 --model g.h5 -o i.h5

# a disk that is full: no file may grow beyond a limit
grapevine generate consumers --consumers 3000 -o big --items 5 --progress none
(
    trap '' XFSZ
    ulimit -f 40
    say ppr big/graph.h5 -o p.h5
    say learn big/graph.h5 --log big/purchases.tsv -o m.h5
    say export big/graph.h5 --table edges -o e.tsv
)
rm -r big
ls
