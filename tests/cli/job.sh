# grapevine run: one job equals its commands, whatever the threads; what a job file must not say.
data=$GV_SOURCE/datasets/sample
cat >job.yaml <<END
output: results.h5
import:
  edges: [$data/friends.tsv]
  undirected: true
  nodes: $data/consumers.tsv
  output: g.h5
learn:
  log: $data/purchases.tsv
  output: m.h5
influence:
  measure: i1,i2
  store: scores,rank,flags
  prospects: 0.5
  top-k: 3
ppr:
  topics: m.h5
  top-k: 5
cascade:
  seeds: influencers:5
  topic: books
  sims: 500
  activation: true
END
grapevine run job.yaml 2>/dev/null
echo "= $?"
for threads in 1 2 3 8; do
    mkdir t$threads
    sed "s|output: |output: t$threads/|; s|topics: m.h5|topics: t$threads/m.h5|" job.yaml >t$threads.yaml
    grapevine run t$threads.yaml --threads $threads --progress none
    for file in g.h5 m.h5 results.h5; do cmp $file t$threads/$file; done
done

# the same by single commands
grapevine influence g.h5 --model m.h5 --measure i1,i2 --store scores,rank,flags --prospects 0.5 \
    --top-k 3 -o influence.h5 --progress none
grapevine ppr g.h5 --topics m.h5 --top-k 5 -o ppr.h5 --progress none
grapevine cascade g.h5 --model m.h5 --topic books --seeds influencers:5 --influencers influence.h5 \
    --sims 500 --activation -o cascade.h5 --progress none
for part in influence influencers susceptibility prospects topics nodes topk/i1 topk/i2; do
    h5diff influence.h5 results.h5 /$part /$part || echo "$part differs"
done
h5diff ppr.h5 results.h5 /ppr /ppr
h5diff ppr.h5 results.h5 /topk/ppr /topk/ppr
h5diff cascade.h5 results.h5 /cascade /cascade
for file in g.h5 m.h5 results.h5; do grapevine verify $file | tail -n 1; done

# as readers see it
/usr/bin/python3 - <<'END'
import h5py, numpy as np, scipy.sparse as sp
f, m = h5py.File("results.h5"), h5py.File("m.h5")
n, z = f.attrs["n_nodes"], f["topics/name"].shape[0]
print("complete", f.attrs["complete"], sorted(f.keys()))
for file, group in (f, "influencers"), (f, "prospects"), (m, "factors/source"), (m, "evidence"):
    g = file[group]
    csr = sp.csr_matrix((g["data"][:], g["indices"][:], g["indptr"][:]), shape=g.attrs["shape"])
    csr.check_format()
    print(group, csr.shape, csr.nnz, g.attrs["encoding-type"])
flags = f["influence/is_influencer"][:]
assert np.array_equal(flags.sum(axis=1), np.diff(f["influencers/indptr"][:]))
order = np.lexsort((np.arange(n), -f["influence/i1"][0]))
assert np.array_equal(f["influence/rank"][0][order], np.arange(1, n + 1))
assert np.array_equal(f["topk/i1/node"][0], order[:3])
assert abs(f["ppr/default/score"][:].sum(axis=1) - 1).max() < 1e-9
c = f["cascade/default"]
assert c["mean"][0] == c["spread"][:].mean() and c["curve_sum"][:].sum() == c["spread"][:].sum()
assert c["activation_count"][:].sum() == c["spread"][:].sum()
print(f["provenance/config_yaml"][()].decode())
END

# an option comes before the job's own seed
printf 'output: s.h5\nseed: 7\nppr:\n  graph: g.h5\n' >seed.yaml
for option in '' '--seed 1'; do
    grapevine run seed.yaml $option --force --progress none
    grapevine info s.h5 | sed -n '1s/.*, seed/seed/p'
done

say() { # a broken job
    printf '%b' "$1" >bad.yaml
    grapevine run bad.yaml
    echo "= $?"
}
say 'output: r.h5\nlearm:\n  log: x\n'
say 'output: r.h5\nppr:\n  graph: g.h5\n  sorce: 1\n'
say 'output: r.h5\nppr:\n  graph: g.h5\n  damping: 1.5\n'
say 'seed: none\noutput: r.h5\nppr:\n  graph: g.h5\n'
say 'output: r.h5\nppr:\n  graph: g.h5\n  output: mine.h5\n'
say 'output: r.h5\nppr:\n  damping: 0.5\n'
say 'ppr:\n  graph: g.h5\n'
say 'output: r.h5\ngraph: g.h5\nimport:\n  edges: one.tsv\n'
say 'output: results.h5\ngraph: g.h5\nppr:\n  top-k: 1\n'
say 'output: r.h5\ngraph: none.h5\nppr:\n  top-k: 1\n'
say 'output: [\n'
grapevine run none.yaml
echo "= $?"
grapevine run
echo "= $?"
ls
