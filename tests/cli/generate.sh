# grapevine generate: what it writes, what it refuses, that threads do not matter.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none
    echo "= $?"
}

read_h5() { # a Python program on standard input
    { echo "import h5py" && cat; } | PATH=/usr/bin:$PATH python3 -
}

grapevine generate --help | sed '/^Common options/,/^$/d'

say generate consumers --consumers 600 --topics 3 --items 4 -o pop --threads 1
ls pop
head -n 3 pop/nodes.tsv
head -n 3 pop/purchases.tsv
cat pop/job.yaml
read_h5 <<'END'
graph, truth = h5py.File("pop/graph.h5"), h5py.File("pop/truth.h5")
n, m = graph.attrs["n_nodes"], graph.attrs["n_edges"]
print(n, abs(m / n - 10) < 0.5, graph.attrs["directed"], sorted(graph["nodes"]))
print(graph["nodes/ext_id"][0], graph["nodes/ext_id"][-1], "probability" in graph["out"])
print(truth["influencer"].shape, truth["i1"].shape, [t.decode() for t in truth["topics"]["name"]])
flagged = truth["influencer"][:] == 1
print(truth["i1"][:][flagged].mean() > 5 * truth["i1"][:][~flagged].mean())
rows = [line.split("\t") for line in open("pop/purchases.tsv")][1:]
print(len(rows) > 100, {row[2] for row in rows} == {"books", "coffee", "films"})
END

# threads do not matter, the seed does
say generate consumers --consumers 600 --topics 3 --items 4 -o three --threads 3
diff -r pop three && echo "same bytes"
say generate consumers --consumers 600 --topics 3 --items 4 -o other --seed 2
cmp -s pop/graph.h5 other/graph.h5 || echo "another graph"
cmp -s pop/purchases.tsv other/purchases.tsv || echo "other purchases"

# the null population has the same graph and labels, and other purchases
say generate consumers --consumers 600 --topics 3 --items 4 --influence none -o null
cmp pop/graph.h5 null/graph.h5 && echo "same graph"
read_h5 <<'END'
pop, null = h5py.File("pop/truth.h5"), h5py.File("null/truth.h5")
print((pop["influencer"][:] == null["influencer"][:]).all(), null["i1"][:].max())
END

# without purchases
say generate consumers --consumers 60 --mean-degree 4 --purchases none -o bare
ls bare
cat bare/job.yaml

# purchases as columns of HDF5: the same rows, the same model
say generate consumers --consumers 600 --topics 3 --items 4 --purchases h5 -o columns
ls columns
cmp pop/truth.h5 columns/truth.h5 && echo "same truth"
read_h5 <<'END'
f = h5py.File("columns/purchases.h5")
topic = [t.decode() for t in f["topics/name"]]
rows = [line.split() for line in open("pop/purchases.tsv")][1:]
same = zip(f["user"][:], f["item"][:], f["topic"][:], f["time"][:])
print([[str(u), str(i), topic[z], str(t)] for u, i, z, t in same] == rows, f.attrs["n_rows"] == len(rows))
END
say learn pop/graph.h5 --log pop/purchases.tsv -o text.h5
say learn pop/graph.h5 --log columns/purchases.h5 -o columns.h5
cmp text.h5 columns.h5 && echo "same model"
say learn pop/graph.h5 --log columns/purchases.h5 --columns 1,2,3,4 -o no.h5

# outputs that exist
say generate consumers --consumers 60 -o pop
say generate consumers --consumers 60 --items 1 -o pop --force
head -n 1 pop/purchases.tsv
say generate consumers --consumers 60 --items 0 -o pop --force
wc -l <pop/purchases.tsv
cmp pop/job.yaml bare/job.yaml && echo "nothing to learn from"
echo text >file
say generate consumers --consumers 60 -o file

# bad arguments
say generate
say generate consumers
say generate crown -o x
say generate consumers more -o x
say generate consumers --consumers 0 -o x
say generate consumers --mean-degree 1001 -o x
say generate consumers --items -1 -o x
say generate consumers --influencer-share 1.5 -o x
say generate consumers --influence maybe -o x
say generate consumers --days many -o x
ls x 2>/dev/null

# Kronecker graphs: a graph file equals an import of the text, whatever the threads
say generate kron --scale 9 --edge-factor 4 --format tsv -o kron.tsv
wc -l <kron.tsv
say generate kron --scale 9 --edge-factor 4 -o kron.h5
grapevine import kron.tsv -o text.h5 --force --progress none && cmp kron.h5 text.h5 && echo "same graph"
say generate kron --scale 9 --edge-factor 4 --undirected --threads 3 --tmpdir . -o both.h5
grapevine import kron.tsv --undirected -o text.h5 --force --progress none && cmp both.h5 text.h5 && echo "same graph"
say generate kron --scale 9 -o kron.h5
say generate kron --scale 31 -o k.h5
say generate kron --scale 9 --undirected --format tsv -o k.tsv
say generate kron --scale 9 --topics 3 -o k.h5
say generate consumers --scale 9 -o x
ls k.* x 2>/dev/null
