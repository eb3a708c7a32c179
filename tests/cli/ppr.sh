# grapevine ppr: what it says, what it refuses, what it writes, and that threads do not matter.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none
    echo "= $?"
}

read_h5() { # a Python program on standard input
    { echo "import h5py" && cat; } | PATH=/usr/bin:$PATH python3 -
}

# 1 -> 2 -> 3, 4; 5 has no edges
printf '1 2 0.5\n2 3 0.25\n2 4 0.75\n' >edges.txt
printf 'id\n1\n2\n3\n4\n5\n' >nodes.txt
say import edges.txt --probability 3 --nodes nodes.txt -o g.h5
say import edges.txt --columns 1,2 -o plain.h5
printf 'bob\tann\nann\tczar\n' >words.txt
say import words.txt -o words.h5
printf 'column,id,weight\nnorth,2,3\nsouth,3,1\nnorth,1,1\n' >teleport.csv

grapevine ppr --help | sed '/^Common options/,/^$/d'

# runs
say ppr g.h5 --source 1,5 --top-k 3 -o a.h5
say ppr g.h5 --source 1,5 --top-k 3 --threads 3 -o b.h5
cmp a.h5 b.h5 && echo "same bytes"
read_h5 <<'END'
p, top = h5py.File("a.h5")["ppr/default"], h5py.File("a.h5")["topk/ppr"]
print([[round(x, 9) for x in row] for row in p["score"]], p["column"][:], p["score"].dtype)
print(p["converged"][:], p["converged"].dtype, p["iterations"].dtype, (p["residual"][:] <= 1e-9).all())
print([(name, p.attrs[name]) for name in sorted(p.attrs)])
print(top["ext_id"][0], top["node"][0], [round(x, 9) for x in top["score"][0]], round(top["next_score"][0], 9))
END
for rule in uniform self leak; do
    say ppr plain.h5 --source 1 --dangling $rule --top-k 0 --name $rule -o $rule.h5
done
read_h5 <<'END'
for rule in "uniform", "self", "leak":
    f = h5py.File(rule + ".h5")
    print(rule, [round(x, 9) for x in f["ppr"][rule]["score"][0]], "topk" in f)
END
say ppr g.h5 --weighted --direction reverse --teleport teleport.csv --top-k 1 --name file -o file.h5
say ppr plain.h5 --tolerance 0 --max-iterations 2 -o two.h5
say ppr words.h5 --source bob --top-k 4 -o words_out.h5
read_h5 <<'END'
p = h5py.File("file.h5")["ppr/file"]
print(p["column"][:], [[round(x, 6) for x in row] for row in p["score"]], h5py.File("file.h5")["topk/file/ext_id"][:, 0])
p = h5py.File("two.h5")["ppr/default"]
print(p["column"][:], p["iterations"][:], p["converged"][:], [round(x, 9) for x in p["score"][0]])
top = h5py.File("words_out.h5")["topk/ppr"]
print(h5py.File("words_out.h5")["ppr/default/column"][:], top["ext_id"][:].ravel(), top["node"][:], top["next_score"][:])
END

# single precision, proven in double; a layout by name
say ppr g.h5 --source 1,5 --precision f32 -o single.h5
say ppr plain.h5 --precision f32 --layout segments --tolerance 1e-6 -o segments.h5
say ppr plain.h5 --precision f32 --layout segments --tolerance 1e-6 --threads 3 -o three.h5
cmp segments.h5 three.h5 && echo "same bytes"
read_h5 <<'END'
for name in "single", "segments":
    p = h5py.File(name + ".h5")["ppr/default"]
    print(p.attrs["precision"], p.attrs["layout"], p["converged"][:], [round(x, 6) for x in p["score"][0]], p["score"].dtype)
END

# in place, in single precision
say ppr plain.h5 --source 1 --layout in-place --tolerance 1e-5 -o place.h5
say ppr plain.h5 --source 1 --layout in-place --tolerance 1e-5 --threads 3 -o place3.h5
cmp place.h5 place3.h5 && echo "same bytes"
read_h5 <<'END'
p = h5py.File("place.h5")["ppr/default"]
print(p.attrs["precision"], p.attrs["layout"], p["converged"][:], [round(float(x), 4) for x in p["score"][0]], p["score"].dtype, h5py.File("place.h5")["topk/ppr/ext_id"][0][:2])
END
say ppr plain.h5 --layout in-place --tolerance 0 -o x.h5

# not converged: exit code 3, and the file says so
say ppr plain.h5 --source 1 --max-iterations 1 -o rough.h5
read_h5 <<'END'
f = h5py.File("rough.h5")
print(f["ppr/default/converged"][:], f["ppr/default/iterations"][:], f.attrs["complete"])
END

# refusals
say ppr plain.h5 --weighted -o x.h5
say ppr plain.h5 --source 1,9 -o x.h5
say ppr plain.h5 --source 1,,2 -o x.h5
say ppr plain.h5 --source 1 --teleport teleport.csv -o x.h5
say ppr plain.h5 --damping 1 -o x.h5
say ppr plain.h5 --damping 1.5 -o x.h5
say ppr plain.h5 --tolerance -1 -o x.h5
say ppr plain.h5 --max-iterations -1 -o x.h5
say ppr plain.h5 --dangling drop -o x.h5
say ppr plain.h5 --direction up -o x.h5
say ppr plain.h5 --precision f16 -o x.h5
say ppr plain.h5 --layout blocking -o x.h5
say ppr plain.h5 --source 1,2 --precision f32 --layout blocking -o x.h5
say ppr plain.h5 --top-k -1 -o x.h5
say ppr plain.h5 --name a/b -o x.h5
say ppr plain.h5 --teleport none.csv -o x.h5
printf 'column,id,weight\na,1,0\na,2,0\nb,1,1\n' >nowhere.csv
say ppr plain.h5 --teleport nowhere.csv -o x.h5
say ppr plain.h5 --topics a.h5 -o x.h5
say ppr plain.h5 --source 1 -o a.h5
say ppr none.h5 --source 1 -o x.h5
say ppr plain.h5 --source 1 -o nowhere/x.h5
say ppr plain.h5
ls x.h5* nowhere 2>/dev/null

# a column of many has the same bits in every batch, also when it is the last one
grapevine generate kron --scale 8 -o k.h5 --progress none
grapevine export k.h5 --table nodes --progress none | sed 1d | cut -f 1 | head -n 17 >seventeen
for store in scores top; do
    grapevine ppr k.h5 --source seventeen --precision f32 --layout pull --tolerance 1e-6 --store $store -o $store.h5 \
        --force --progress none
    h5dump -d /topk/ppr/score -d /topk/ppr/node $store.h5 | sed 1d >$store.txt
done
cmp scores.txt top.txt && wc -l <top.txt

# refused before the graph is read
for options in '--layout sorted8' '--layout segments --source seventeen' '--layout in-place' \
    '--layout in-place --tolerance 1e-6 --source seventeen' '--method sweeps --max-edges 5'; do
    say ppr k.h5 $options -o refused.h5
    grapevine ppr k.h5 $options -o refused.h5 --dry-run >/dev/null 2>&1
    echo "dry = $?"
done
name=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
say ppr g.h5 --name $name -o refused.h5
ls refused.h5* 2>/dev/null
