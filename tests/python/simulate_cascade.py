#!/usr/bin/env python3
"""simulate_cascade.py -- independent cascades from their definition, for figures that tests hold the
program against. It shares nothing with the program: its own reading, ids as they are in the file,
coins by Python's Mersenne Twister, one try of each edge whose head is not active yet.

    simulate_cascade.py EDGES.tsv[.gz] WORLDS SEED ID... [--wc]

EDGES has a header "src dst probability"; several edges from one to another count as one that is live
where any is, loops not at all. --wc puts 1 / in-degree in place of the probabilities. Prints mean, standard deviation and
its standard error of the spread, the mean curve, and how often the most frequent consumers were reached.
"""
import gzip
import random
import sys


def read(path, weighted):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    chance = {}
    with opened as lines:
        header = next(lines).split()
        at = header.index("src"), header.index("dst"), header.index("probability")
        for line in lines:
            word = line.split()
            u, v, p = int(word[at[0]]), int(word[at[1]]), float(word[at[2]])
            if u != v:
                dead = 1 - chance.get((u, v), 0.0)
                chance[u, v] = 1 - dead * (1 - p)
    if weighted:
        degree = {}
        for u, v in chance:
            degree[v] = degree.get(v, 0) + 1
        chance = {(u, v): 1 / degree[v] for u, v in chance}
    out = {}
    for (u, v), p in chance.items():
        out.setdefault(u, []).append((v, p))
    return out


def world(out, seeds, draw):
    active, wave, curve = set(seeds), list(seeds), [len(seeds)]
    while wave:
        reached = []
        for u in wave:
            for v, p in out.get(u, ()):
                if v not in active and draw() < p:
                    active.add(v)
                    reached.append(v)
        wave = reached
        curve.append(len(wave))
    return active, curve


def main(words):
    weighted = "--wc" in words
    path, worlds, seed, *ids = [w for w in words if w != "--wc"]
    out = read(path, weighted)
    draw = random.Random(int(seed)).random
    seeds, worlds = sorted({int(i) for i in ids}), int(worlds)
    spread, curve, count = [], [], {}
    for _ in range(worlds):
        active, steps = world(out, seeds, draw)
        spread.append(len(active))
        curve += [0] * (len(steps) - len(curve))
        for t, n in enumerate(steps):
            curve[t] += n
        for v in active:
            count[v] = count.get(v, 0) + 1
    mean = sum(spread) / worlds
    m2 = sum((s - mean) ** 2 for s in spread) / (worlds - 1)
    m4 = sum((s - mean) ** 4 for s in spread) / worlds
    error = (m4 - m2 * m2) ** 0.5 / (2 * m2**0.5 * worlds**0.5) if m2 > 0 else 0.0
    print(f"mean {mean:.5f} +- {(m2 / worlds) ** 0.5:.5f}  sd {m2**0.5:.5f} +- {error:.5f}")
    print("curve", *(f"{c / worlds:.5f}" for c in curve[:8]))
    often = sorted((v for v in count if v not in seeds), key=lambda v: (-count[v], v))
    print("reached", *(f"{v}:{count[v] / worlds:.5f}" for v in often[:12]))


if __name__ == "__main__":
    main(sys.argv[1:])
