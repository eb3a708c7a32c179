# grapevine ppr --method local: lists with bounds, what it refuses, and the same lists as by sweeps.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none
    echo "= $?"
}

read_h5() { # a Python program on standard input
    { echo "import h5py" && cat; } | PATH=/usr/bin:$PATH python3 -
}

grapevine generate consumers --consumers 3000 --topics 2 --items 5 --purchases none --progress none -o people
printf '1 2 0.5\n2 3 0.25\n2 4 0.75\n' >edges.txt
say import edges.txt --probability 3 -o g.h5
printf '17\n42\n1999\n' >ids.txt

# the same lists as by sweeps, within the bounds
say ppr people/graph.h5 --source ids.txt --method local --store top --top-k 5 -o a.h5
say ppr people/graph.h5 --source 17,42,1999 --method local --store top --top-k 5 --threads 3 -o b.h5
cmp -s a.h5 b.h5 || echo "only --source differs"
say ppr people/graph.h5 --source ids.txt --store top --top-k 5 --tolerance 1e-12 -o sweeps.h5
read_h5 <<'END'
a, b, s = (h5py.File(name + ".h5") for name in ("a", "b", "sweeps"))
for name in a["topk/ppr"]:
    assert (a["topk/ppr"][name][:] == b["topk/ppr"][name][:]).all(), name
t, exact = a["topk/ppr"], s["topk/ppr"]
for c in range(3):
    want = dict(zip(exact["node"][c], exact["score"][c]))
    assert set(want) == set(t["node"][c])
    for v, low, score, high in zip(t["node"][c], t["lower"][c], t["score"][c], t["upper"][c]):
        assert low <= want[v] <= high and low <= score <= high
    assert exact["next_score"][c] <= t["others"][c] <= min(t["lower"][c])
p = a["ppr/default"]
print(sorted(p), sorted(a), sorted(s["ppr/default"]), sorted(s))
print(p["column"][:], p["reason"][:], p["converged"][:], p["iterations"].dtype, p["edges"].dtype)
print([(name, p.attrs[name]) for name in sorted(p.attrs)])
print(t["ext_id"][:, 0], t["lower"].shape, t["others"].shape)
END
grapevine verify a.h5 | tail -1
grapevine export a.h5 --table topk/ppr --progress none -o - | cut -f 1-3 | head -3
grapevine export a.h5 --table topk/ppr --progress none -o - | head -1
grapevine info a.h5 | tail -1
grapevine info a.h5 --json | tr ',' '\n' | grep '"method"'

# what a file of teleport columns, dangling consumers and weights make of it
printf 'column,id,weight\nnorth,2,3\nnorth,1,1\n' >teleport.csv
say ppr g.h5 --teleport teleport.csv --method local --store top --top-k 4 --accuracy 1e-9 --weighted -o c.h5
say ppr g.h5 --source 4 --method local --store top --top-k 2 --direction reverse --dangling leak -o d.h5
read_h5 <<'END'
for name in "c", "d":
    t = h5py.File(name + ".h5")["topk/ppr"]
    print(t["ext_id"][0], [round(x, 6) for x in t["score"][0]], round(t["next_score"][0], 6))
END

# edges run out: exit code 3, and the bounds hold all the same
say ppr people/graph.h5 --source 17 --method local --store top --top-k 5 --max-edges 200 -o e.h5
read_h5 <<'END'
e, s = h5py.File("e.h5"), h5py.File("sweeps.h5")
print(e["ppr/default/converged"][:], e["ppr/default/reason"][:], e.attrs["complete"])
t, exact = e["topk/ppr"], s["topk/ppr"]
want = dict(zip(exact["node"][0], exact["score"][0]))
print(all(low <= want[v] <= high for v, low, high in zip(t["node"][0], t["lower"][0], t["upper"][0]) if v in want))
END
grapevine verify e.h5 | tail -1

# what it would take
grapevine ppr people/graph.h5 --source 17 --method local --store top --threads 1 --dry-run -o x.h5 |
    grep -v 'program and libraries\|peak:\|start  \|write  \|budget'

# refusals
say ppr g.h5 --source 1 --method local -o x.h5
say ppr g.h5 --source 1 --store top --top-k 0 -o x.h5
say ppr g.h5 --method local --store top -o x.h5
say ppr g.h5 --source 1 --method local --store top --precision f32 -o x.h5
say ppr g.h5 --source 1 --method local --store top --max-iterations 5 -o x.h5
say ppr g.h5 --source 1 --method local --store top --accuracy 0 -o x.h5
say ppr g.h5 --source 1 --method local --store top --max-edges 0 -o x.h5
say ppr g.h5 --source 1 --method guess -o x.h5
say ppr g.h5 --source 1 --store some -o x.h5
: >none.txt
say ppr g.h5 --source none.txt -o x.h5
printf '1\n9\n' >wrong.txt
say ppr g.h5 --source wrong.txt -o x.h5
ls x.h5* 2>/dev/null
