# grapevine import: what it accepts, says and refuses, that order and threads do not matter.
say() { # a command, its words (without times) and its exit code
    echo "\$ $*"
    grapevine "$@" 2>words
    code=$?
    grep -v ' rows/s$' words
    echo "= $code"
}

read_h5() { # a Python program on standard input
    { echo "import h5py" && cat; } | PATH=/usr/bin:$PATH python3 -
}

printf 'src,dst,p\n10,-2,.5\n-2,5000000000,.25\n10,10,1\n10,-2,.5\n' >edges.csv
(head -1 edges.csv && tail -n +2 edges.csv | tac) | gzip >backwards.gz
printf 'id\tvalue\tsegment\n10\t1.5\t3\n7\t\t4\n-2\t0\t5\n5000000000\t9\t6\n' >nodes.tsv
printf '1 2 .5\n2 3 1.5\nx 3 .5\n3 4 nan\n4\n4 5 .25\n' >bad.txt

grapevine import --help | sed '/^Common options/,/^$/d'

# runs
say import edges.csv --probability p --nodes nodes.tsv -o a.h5
say import - --probability 3 --nodes nodes.tsv --threads 3 --progress none -o b.h5 <backwards.gz
cmp a.h5 b.h5 && echo "same bytes"
say import edges.csv --columns dst,src --reverse --undirected --probability const:.125 -o c.h5
say import bad.txt --probability 3 --strict off -o lenient.h5
printf 'follower followed\nann bob\nbob zoe\n' | say import - --columns follower,followed --reverse --id string --probability wc -o d.h5
read_h5 <<'END'
a = h5py.File("a.h5")
print(sorted(a["nodes"].keys()), a["nodes/ext_id"][:], a["nodes/value"][:], a["nodes/segment"][:])
print(a["out/indptr"][:], a["out/indices"][:], a["out/probability"][:])
c = h5py.File("c.h5")
print(c.attrs["directed"], c.attrs["probability_rule"], c["out/indices"][:])
d = h5py.File("d.h5")
print(d["nodes/ext_id"][:], d["out/indptr"][:], d["out/indices"][:])
END

# refusals
say import bad.txt --probability 3 -o x.h5
say import bad.txt -o x.h5
say import bad.txt --id int --skip-lines 4 -o x.h5
say import edges.csv --probability weight -o x.h5
say import edges.csv --columns src -o x.h5
say import edges.csv --columns src,dst,p --probability p -o x.h5
say import edges.csv --probability const:2 -o x.h5
say import edges.csv --self-loops error -o x.h5
say import edges.csv --duplicates error -o x.h5
say import edges.csv --duplicates sometimes -o x.h5
say import edges.csv --nodes edges.csv -o x.h5
say import none.tsv -o x.h5
head -c 40 backwards.gz >short.gz
say import short.gz -o x.h5
say import edges.csv -o a.h5
say import edges.csv -o nowhere/x.h5
say import -o x.h5
say import edges.csv
say import edges.csv --weights p -o x.h5
ls
