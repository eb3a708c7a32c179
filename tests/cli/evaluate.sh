# grapevine evaluate: what it prints and writes, that threads do not matter, what it refuses.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none
    echo "= $?"
}

grapevine evaluate --help | sed '/^Common options/,/^$/d'

grapevine generate consumers --consumers 800 --topics 2 --items 150 -o pop --progress none
cd pop || exit 1
grapevine evaluate graph.h5 --log purchases.tsv --truth truth.h5 -o ../a.h5 --progress none >../a.txt
grapevine evaluate graph.h5 --log purchases.tsv --truth truth.h5 -o ../b.h5 --threads 3 \
    --progress none >../b.txt
cmp ../a.txt ../b.txt && cmp ../a.h5 ../b.h5 && echo "same bytes"
grapevine verify ../a.h5 --progress none && echo "verified"
sed '/^calibration/q' ../a.txt | awk '{ print $1, NF }'
grapevine evaluate graph.h5 --log purchases.tsv --split 2025-09-01 -o ../c.h5 --progress none |
    sed '/^calibration/q' | awk '{ print $1, NF }'
cd ..
PATH=/usr/bin:$PATH python3 - <<'END'
import h5py
a, c = h5py.File("a.h5"), h5py.File("c.h5")
models = a["evaluate/models"]
print(models.dtype.names, len(models))
print(c["evaluate/models"].dtype.names, len(c["evaluate/models"]))
print(sorted(a["evaluate"].attrs), c["evaluate"].attrs["split"] == 1756684800)
row = {m["model"].decode(): m for m in models}
assert row["planted"]["auc"] > row["topic-aware"]["auc"] > row["uniform"]["auc"]
assert all(m["auc_lo"] < m["auc"] < m["auc_hi"] for m in models)
assert row["planted"]["correlation"] > .999999 and row["uniform"]["precision"] != row["uniform"]["precision"]
assert row["planted"]["precision"] > .7 and row["topic-aware"]["precision"] > .2
bins = a["evaluate/calibration"]
assert bins.dtype.names == ("model", "records", "foreseen", "bought")
for name in row:
    mine = [b for b in bins if b["model"].decode() == name]
    assert sum(b["records"] for b in mine) == row[name]["records"], name
    bought = sum(b["records"] * b["bought"] for b in mine)
    assert abs(bought - row[name]["positives"]) < 1e-6
END

# refusals
printf '0 1\n1 2\n' >other.txt
grapevine import other.txt -o other.h5 --progress none
say evaluate pop/graph.h5 --log pop/purchases.tsv --split 1.5x
say evaluate pop/graph.h5 --log pop/purchases.tsv --split 2031-01-01
say evaluate pop/graph.h5 --log pop/purchases.tsv --bootstraps -1
say evaluate pop/graph.h5 --log none.tsv
say evaluate pop/graph.h5 --log pop/purchases.tsv -o a.h5
say evaluate other.h5 --log pop/purchases.tsv --truth pop/truth.h5 2>&1 |
    sed "s/[0-9a-f]\{16\}/HASH/g"
say evaluate pop/graph.h5
ls ./*.part 2>/dev/null
