# grapevine influence: what it writes and says, that threads and batches do not matter, what it refuses.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none
    echo "= $?"
}

read_h5() { # a Python program on standard input
    { echo "import h5py, numpy as np" && cat; } | PATH=/usr/bin:$PATH python3 -
}

# 60 consumers; each of 40 items goes from a consumer to a friend to a friend of that friend
i=0
while [ $i -lt 60 ]; do
    echo "$i $(((i * 7 + 3) % 60))"
    echo "$i $(((i * 11 + 1) % 60))"
    echo "$(((i * 7 + 3) % 60)) $i"
    i=$((i + 1))
done >edges.txt
echo "id value" >nodes.txt
i=0
while [ $i -lt 60 ]; do
    echo "$i $((i % 5))"
    i=$((i + 1))
done >>nodes.txt
echo "user item topic time" >log.txt
i=0
while [ $i -lt 40 ]; do
    a=$((i * 13 % 60)) topic=$([ $i -lt 30 ] && echo books || echo games)
    b=$(((a * 7 + 3) % 60)) begin=$((1600000000 + i * 300000))
    echo "$a $i $topic $begin"
    echo "$b $i $topic $((begin + 40000 + i * 5000))"
    echo "$(((b * 11 + 1) % 60)) $i $topic $((begin + 90000 + i * 9000))"
    echo "$(((a + 31) % 60)) $i $topic $((begin + 500000))"
    i=$((i + 1))
done >>log.txt
say import edges.txt --nodes nodes.txt -o g.h5
grapevine learn g.h5 --log log.txt --columns user,item,topic,time --window 60d -o m.h5 --progress none
printf '0 1\n1 2\n' >other.txt
say import other.txt -o other.h5

grapevine influence --help | sed '/^Common options/,/^$/d'

say influence g.h5 --model m.h5 --measure i1,i2 --store scores,rank,flags --top-k 5 -o a.h5
say influence g.h5 --model m.h5 --measure i1,i2 --store scores,rank,flags --top-k 5 --threads 3 -o b.h5
cmp a.h5 b.h5 && echo "same bytes"
say influence g.h5 --model m.h5 --store influencers --topics games --prospects 0 --top-k 0 -o c.h5
say influence g.h5 --model m.h5 --weights value --quantile 1 --measure i2,i1 -o d.h5
read_h5 <<'END'
a, c, d = (h5py.File(name) for name in ("a.h5", "c.h5", "d.h5"))
for name, file in ("a", a), ("c", c):
    paths = []
    file.visititems(lambda path, it: paths.append(path) if isinstance(it, h5py.Dataset) else None)
    for path in paths:
        if not path.startswith(("nodes", "provenance")):
            print(name, path, file[path].dtype, file[path].shape)
print(a["topics/name"][:], a["influence/topic"][:], c["influence/topic"][:])
print(dict(a["influence"].attrs), dict(d["influence"].attrs))
assert a["influence/i2"][:].min() >= 0 and (a["influence/i2"][:] >= a["influence/i1"][:]).all()
for z in range(2):
    i1, rank, flag = (a["influence/" + x][z] for x in ("i1", "rank", "is_influencer"))
    order = np.lexsort((np.arange(60), -i1))
    bought = a["susceptibility/total"][z] > 0
    flagged = [v for v in order if bought[v]][:9] # round(.15 60)
    row = slice(*a["influencers/indptr"][z:z + 2])
    assert (rank[order] == np.arange(1, 61)).all() and sorted(flagged) == list(np.nonzero(flag)[0])
    assert (a["influencers/indices"][row] == sorted(flagged)).all()
    assert (a["influencers/data"][row] == i1[sorted(flagged)]).all()
    assert (a["influencers/rank"][row] == rank[sorted(flagged)]).all()
    assert a["influence/threshold"][z] == i1[flagged].min()
    assert (a["topk/i1/node"][z] == order[:5]).all()
    assert (a["topk/i1/ext_id"][z] == a["nodes/ext_id"][:][order[:5]]).all()
    assert (a["topk/i1/score"][z] == i1[order[:5]]).all()
    assert a["topk/i1/next_score"][z] == i1[order[5]]
    row = slice(*a["prospects/indptr"][z:z + 2])
    assert not bought[a["prospects/indices"][row]].any()
    assert bought[a["prospects/best_friend"][row]].all()
    if z == 1:
        assert (c["influencers/indices"][:] == sorted(flagged)).all()
        assert (c["influencers/data"][:] == i1[sorted(flagged)]).all()
    assert d["influence/is_influencer"][z].sum() == bought.sum()
print(c["influencers/indptr"][:], len(a["prospects/data"]) > 0)
print((a["influence/i1"][:] > 0).any(), (d["influence/i1"][:] != a["influence/i1"][:]).any())
END

# reach: everybody at once, and one of them by simulation
say influence g.h5 --model m.h5 --measure i1,reach --cv .02 --store scores --prospects 0 --top-k 3 -o e.h5
say influence g.h5 --model m.h5 --measure i1,reach --cv .02 --store scores --prospects 0 --top-k 3 --threads 3 -o f.h5
cmp e.h5 f.h5 && echo "same bytes"
best=$(grapevine export e.h5 --table topk/reach --topic books --progress none -o - | sed -n 2p | cut -f 3)
grapevine cascade g.h5 --model m.h5 --topic books --seeds "$best" --sims 20000 --progress none -o s.h5
read_h5 <<'END'
e, s = h5py.File("e.h5"), h5py.File("s.h5")
i = e["influence"]
assert (i["reach"][:] >= 1).all() and (i["reach_cv"][:] <= .02).all()
assert abs(e["topk/reach/score"][0, 0] / s["cascade/default/mean"][0] - 1) < 4.5 * .02
print(i["reach"].dtype, i["reach"].shape, i["reach_cv"].dtype, i["reach_rounds"][:], dict(i.attrs))
END
say influence g.h5 --model m.h5 --measure reach --weights value -o x.h5
say influence g.h5 --model m.h5 --measure reach --cv 2 -o x.h5

# ppr: reverse walks by the probabilities of the topic; the same as `ppr` says with those weights
say influence g.h5 --model m.h5 --measure ppr --store scores --prospects 0 --top-k 3 -o p.h5
grapevine ppr g.h5 --topics m.h5 --topic-weights --direction reverse --top-k 3 --progress none -o w.h5
grapevine ppr g.h5 --topics m.h5 --topic-weights --direction reverse --top-k 3 --store top --threads 3 --progress none -o t.h5
read_h5 <<'END'
p, w, t, m, g = (h5py.File(name + ".h5") for name in ("p", "w", "t", "m", "g"))
x = w["ppr/default/score"][:]
assert np.array_equal(p["influence/ppr"][:], x.astype("f4")) and abs(x.sum(1) - 1).max() < 1e-12
assert (t["topk/ppr/node"][:] == w["topk/ppr/node"][:]).all() and "score" not in t["ppr/default"]
assert (t["topk/ppr/score"][:] == w["topk/ppr/score"][:]).all() and w["ppr/default"].attrs["weighted"] == 1
print(p["influence/ppr"].dtype, p["influence/ppr"].shape, w["ppr/default/converged"][:])
END
say influence g.h5 --model m.h5 --measure ppr --weights value -o x.h5
say ppr g.h5 --topic-weights -o x.h5

# refusals
say influence g.h5 --model m.h5 --topics food -o x.h5
say influence g.h5 --model m.h5 --topics games,games -o x.h5
say influence g.h5 --model m.h5 --measure i3 -o x.h5
say influence g.h5 --model m.h5 --measure i1,i1 -o x.h5
say influence g.h5 --model m.h5 --store everything -o x.h5
say influence g.h5 --model m.h5 --weights price -o x.h5
say influence g.h5 --model m.h5 --quantile 1.5 -o x.h5
say influence g.h5 --model m.h5 --prospects -1 -o x.h5
say influence g.h5 --model m.h5 --top-k -1 -o x.h5
say influence other.h5 --model m.h5 -o x.h5 2>&1 | sed "s/graph [0-9a-f]\{16\}/graph HASH/g"
say influence g.h5 --model none.h5 -o x.h5
say influence g.h5 --model g.h5 -o x.h5
say influence g.h5 --model m.h5 -o a.h5
say influence g.h5 -o x.h5
ls x.h5* 2>/dev/null

# a log without rows has no topics, and so nobody influences anyone
printf '0 1\n1 2\n' >few.txt
grapevine import few.txt -o few.h5 --progress none
printf 'user,item,topic,time\n' >none.csv
say learn few.h5 --log none.csv -o none.h5
say influence few.h5 --model none.h5 -o none-r.h5
