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
# a model that was learnt before foresees the same
grapevine learn graph.h5 --log purchases.tsv --until 2025-09-01 -o ../m.h5 --progress none
grapevine learn graph.h5 --log purchases.tsv -o ../all.h5 --progress none
grapevine evaluate graph.h5 --log purchases.tsv --model ../m.h5 --truth truth.h5 -o ../d.h5 --progress none |
    sed '/^calibration/q' | awk '{ print $1, NF }'
grapevine evaluate graph.h5 --log purchases.tsv --model ../m.h5 --sample 0.3 -o ../e.h5 --progress none >/dev/null
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
given, part = h5py.File("d.h5")["evaluate/models"], h5py.File("e.h5")["evaluate/models"]
learnt = {m["model"].decode(): m for m in c["evaluate/models"]}
assert [m["model"].decode() for m in given] == ["topic-aware", "uniform", "planted"]
for m in given:
    for field in "auc", "auc_lo", "auc_hi", "records", "positives":
        assert m["model"] == b"planted" or m[field] == learnt[m["model"].decode()][field], field
assert .1 < part[0]["records"] / given[0]["records"] < .6 and abs(part[0]["auc"] - given[0]["auc"]) < .1
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
say evaluate pop/graph.h5 --log pop/purchases.tsv --sample 0
say evaluate pop/graph.h5 --log pop/purchases.tsv --model m.h5 --split .5
say evaluate pop/graph.h5 --log pop/purchases.tsv --model all.h5
say evaluate other.h5 --log pop/purchases.tsv --model m.h5 2>&1 | sed "s/[0-9a-f]\{16\}/HASH/g"
printf 'user,item,topic,time\n1,1,tea,100\n2,1,tea,200000000000\n' >tea.csv
say evaluate pop/graph.h5 --log tea.csv --model m.h5
say evaluate pop/graph.h5 --log none.tsv
say evaluate pop/graph.h5 --log pop/purchases.tsv -o a.h5
say evaluate other.h5 --log pop/purchases.tsv --truth pop/truth.h5 2>&1 |
    sed "s/[0-9a-f]\{16\}/HASH/g"
say evaluate pop/graph.h5
ls ./*.part 2>/dev/null
