# grapevine learn: what it says, what it refuses, that the order of rows and threads do not matter.
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

printf 'src dst\n1 2\n1 3\n2 3\n4 3\n' >edges.txt
grapevine import edges.txt -o g.h5 --progress none
cat >log.tsv <<'END'
when	who	what	kind	stars
2024-03-01	1	7	toys	5
2024-03-02	4	7	toys	4
2024-03-05	2	7	toys	3
2024-03-08	3	7	toys	1
2024-03-09	3	7	toys	2
2024-03-02	1	8	food	5
2024-03-02T00:00:00Z	3	8	food	5
2024-03-03	9	8	food	5
2024-03-03	11	8	food	5
2024-03-04	9	8	food	5
END
(head -1 log.tsv && tail -n +2 log.tsv | tac) >backwards.tsv
sed 's/2024-03-05/soon/' log.tsv >bad.tsv

grapevine learn --help | sed '/^Common options/,/^$/d'

# runs
say learn g.h5 --log log.tsv --columns who,what,kind,when,stars --window 12d -o a.h5
say learn g.h5 --log backwards.tsv --columns who,what,kind,when --window 288h --threads 3 --progress none -o b.h5
cmp a.h5 b.h5 && echo "same bytes"
say learn g.h5 --log log.tsv --columns 2,3,4,1 --until 2024-03-05 --prior-strength 2 --min-actions 3 -o until.h5
say learn g.h5 --log bad.tsv --columns who,what,kind,when --strict off -o lenient.h5
read_h5 <<'END'
m = h5py.File("a.h5")
print(sorted(m.keys()), m["topics/name"][:], m["topics/n_items"][:], m["window"][:] / 86400)
print(m["evidence/credit"][:] / 2**32, m["factors/mu"][:])
END

# strengths of the graph's edges: equal ones are none, others count, and belong to their graph
printf 'src dst w\n1 2 .5\n1 3 .5\n2 3 .25\n4 3 .125\n' >equal.txt
printf 'src dst w\n1 2 .5\n1 3 .1\n2 3 .25\n4 3 .125\n' >strong.txt
for g in equal strong; do
    grapevine import $g.txt --probability w -o $g.h5 --progress none
    for ties in prior ignore; do
        say learn $g.h5 --log log.tsv --columns who,what,kind,when --window 12d --ties $ties -o $g.$ties.h5
        grapevine cascade $g.h5 --seeds 1,4 --model $g.$ties.h5 --topic toys --sims 2000 --progress none \
            -o c.$g.$ties.h5 2>/dev/null
    done
done
grapevine info strong.prior.h5 --json | grep ties
grapevine verify strong.prior.h5 2>&1
read_h5 <<'END'
spread = {n: h5py.File(f"c.{n}.h5")["cascade/default/spread"][:] for n in
          ("equal.prior", "equal.ignore", "strong.prior", "strong.ignore")}
print("equal is none:", (spread["equal.prior"] == spread["equal.ignore"]).all())
print("strengths count:", (spread["strong.prior"] != spread["strong.ignore"]).any())
print("ignored:", (spread["strong.ignore"] == spread["equal.ignore"]).all())
m = h5py.File("strong.prior.h5")
print(m.attrs["ties"], m["factors/strength"][:])
END
say cascade equal.h5 --seeds 1 --model strong.prior.h5 --topic toys -o x.h5 2>&1 | sed 's/[0-9a-f]\{16\}/HASH/g'
say learn strong.h5 --log log.tsv --ties maybe -o x.h5

# refusals
say learn g.h5 --log bad.tsv --columns who,what,kind,when -o x.h5
say learn g.h5 --log log.tsv --columns who,what,kind,date -o x.h5
say learn g.h5 --log none.tsv -o x.h5
say learn g.h5 --log log.tsv --columns who,what,kind,when -o a.h5
say learn g.h5 --log log.tsv --columns who,what,kind,when --until someday -o x.h5
say learn g.h5 --log log.tsv --columns who,what,kind,when --prior-strength -1 -o x.h5
say learn g.h5 --log log.tsv --columns who,what,kind,when --prior-strength much -o x.h5
say learn g.h5 --log log.tsv --columns who,what,kind,when --window 12x -o x.h5
say learn g.h5 --log log.tsv --columns who,what,kind,when --min-actions -1 -o x.h5
say learn edges.txt --log log.tsv -o x.h5
say learn g.h5 -o x.h5
ls

# strengths are checked in both directions
for way in in out; do
    printf '0 1 .5\n1 2 .25\n2 0 .5\n' >weak.txt
    grapevine import weak.txt --probability 3 -o weak-$way.h5 --progress none
    PATH=/usr/bin:$PATH python3 -c "
import h5py
h5py.File('weak-$way.h5', 'r+')['$way/probability'][1] = -7"
    printf '0,a,t,1\n1,a,t,2\n' >weak.csv
    say learn weak-$way.h5 --log weak.csv -o weak-m.h5
done
