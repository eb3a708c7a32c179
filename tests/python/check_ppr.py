"""Compares `grapevine ppr` with NetworkX and igraph on random graphs.

usage: check_ppr.py GRAPEVINE. Exit status 77 when a package is missing (then the test counts as skipped).

Twenty graphs, directed and undirected, with consumers that have no edges or none to follow, self-loops, repeated
edges and weights. What `import` does with them is done here before the others see them: self-loops are dropped, and
repeated edges are one edge, whose weight is the sum of theirs.
"""
import os
import random
import subprocess
import sys
import tempfile

try:
    import h5py
    import igraph
    import networkx as nx
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

PROGRAM = sys.argv[1]
DAMPING = .85


def grapevine(*args):
    done = subprocess.run([PROGRAM, *args, "--progress", "none", "--threads", "2"], capture_output=True, text=True)
    assert done.returncode == 0, (args, done.returncode, done.stderr)


class Case:
    """One graph, one set of options, two teleport columns."""

    def __init__(self, seed, folder):
        draw = random.Random(seed)
        self.folder, self.n = folder, draw.randint(6, 60)
        self.undirected, self.weighted, self.reverse = seed % 2 == 1, seed % 4 >= 2, seed % 3 == 1
        self.dangling = "uniform" if seed % 5 == 4 else "teleport"
        ends = self.n - self.n // 5  # the others have no edges, or on directed graphs only lead nowhere
        self.rows = []
        for _ in range(draw.randint(self.n, 4 * self.n)):
            u, v = draw.randrange(ends), draw.randrange(ends if self.undirected else self.n - 1)
            self.rows.append((u, v, draw.randint(1, 3) / 64))
        self.rows += [draw.choice(self.rows) for _ in range(5)]  # repeated
        self.rows += [(u, u, .5) for u in range(0, ends, 4)]     # loops
        draw.shuffle(self.rows)
        some = draw.sample(range(self.n), 4)
        self.columns = [{draw.randrange(self.n): 1}, {v: 1 + i for i, v in enumerate(some)}]
        self.edges = {}
        for u, v, w in self.rows:
            if u != v:
                key = (min(u, v), max(u, v)) if self.undirected else (u, v)
                self.edges[key] = self.edges.get(key, 0) + w

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self):
        with open(self.path("edges.tsv"), "w") as f:
            f.writelines(f"{u}\t{v}\t{w}\n" for u, v, w in self.rows)
        with open(self.path("nodes.tsv"), "w") as f:
            f.write("id\n" + "".join(f"{v}\n" for v in range(self.n)))
        with open(self.path("teleport.tsv"), "w") as f:
            f.write("column\tid\tweight\n")
            f.writelines(f"{c}\t{v}\t{w}\n" for c, t in enumerate(self.columns) for v, w in t.items())
        grapevine("import", self.path("edges.tsv"), "--nodes", self.path("nodes.tsv"), "--probability", "3",
                  "--duplicates", "sum", "-o", self.path("g.h5"), *["--undirected"] * self.undirected)

    def ppr(self, *options):
        out = self.path("out.h5")
        grapevine("ppr", self.path("g.h5"), "--teleport", self.path("teleport.tsv"), "--dangling", self.dangling,
                  "--direction", "reverse" if self.reverse else "forward", "--force", "-o", out, *options,
                  *["--weighted"] * self.weighted)
        return h5py.File(out)

    def weight(self, e):
        return self.edges[e] if self.weighted else 1

    def networkx(self, column):
        g = nx.Graph() if self.undirected else nx.DiGraph()
        g.add_nodes_from(range(self.n))
        for e in self.edges:
            g.add_edge(*(e[::-1] if self.reverse else e), weight=self.weight(e))
        nowhere = dict.fromkeys(range(self.n), 1) if self.dangling == "uniform" else None
        x = nx.pagerank(g, alpha=DAMPING, personalization=column, tol=1e-15, max_iter=1000, weight="weight",
                        dangling=nowhere)
        return [x[v] for v in range(self.n)]

    def igraph(self, column):
        g = igraph.Graph(n=self.n, directed=not self.undirected)
        g.add_edges([e[::-1] if self.reverse else e for e in self.edges])
        return g.personalized_pagerank(damping=DAMPING, reset=[column.get(v, 0) for v in range(self.n)],
                                       directed=not self.undirected, weights=[self.weight(e) for e in self.edges])


def distance(x, y):
    return sum(abs(a - b) for a, b in zip(x, y))


def compare(case):
    case.write()
    exact = []
    with case.ppr("--tolerance", "1e-13") as f:
        for c, column in enumerate(case.columns):
            x = list(f["ppr/default/score"][c])
            exact.append(x)
            assert abs(sum(x) - 1) < 1e-12
            assert distance(x, case.networkx(column)) < 1e-11, (case.__dict__, "networkx")
            if case.dangling == "teleport":  # igraph has no other rule
                assert distance(x, case.igraph(column)) < 1e-9, (case.__dict__, "igraph")
    for layout in "pull", "sorted8", "sorted16":
        with case.ppr("--precision", "f32", "--layout", layout, "--tolerance", "1e-10") as f:
            for c in range(len(case.columns)):
                bound = f["ppr/default/residual"][c]
                assert bound <= 1e-10 and distance(exact[c], f["ppr/default/score"][c]) <= bound + 1e-13, layout
    if case.dangling == "teleport":
        with case.ppr("--method", "local", "--store", "top", "--top-k", "5", "--accuracy", "1e-6") as f:
            check_local(f, exact)


def check_local(f, exact):
    t = f["topk/ppr"]
    for c, x in enumerate(exact):
        listed = [v for v in t["node"][c] if v >= 0]
        for v, low, high in zip(listed, t["lower"][c], t["upper"][c]):
            assert low <= x[v] + 1e-13 and x[v] - 1e-13 <= high
        others = [x[v] for v in range(len(x)) if v not in listed]
        assert not others or max(others) <= t["others"][c] + 1e-13
        assert f["ppr/default/converged"][c] == 1


for number in range(20):
    with tempfile.TemporaryDirectory() as place:
        compare(Case(number, place))
print("20 graphs agree")
