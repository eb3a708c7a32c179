"""Opens a results file as readers of the layout do: h5py, pandas, scipy.

usage: check_results.py TEST_RESULTS_FILE; that program writes the file with -w. Exit status 77 when a
package is missing (then the test counts as skipped).
"""
import os
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy as np
    import pandas as pd
    import scipy.sparse as sp
    import tables  # noqa: F401 (what pandas.read_hdf stands on)
except ImportError as missing:
    print("skipped:", missing)
    sys.exit(77)

N, Z = 300000, 2


def check_root(f):
    a = f.attrs
    assert a["schema"] == "grapevine-results" and a["schema_version"] == 1 and a["complete"] == 1
    assert a["seed"] == 42 and a["n_nodes"] == 4 and a["n_edges"] == 3
    assert a["rng"] == "philox4x32-10" and a["log_hash"] == "00000000deadbeef"
    for name in ("engine_version", "git_commit", "graph_hash", "config_hash"):
        assert isinstance(a[name], str) and a[name], name
    assert f["provenance/config_yaml"][()] == b"influence:\n  measure: i1\nppr:\n"
    assert list(f["topics/name"].asstr()[:2]) == ["b\u00fccher", "music"]
    assert list(f["topics/n_items"][:]) == [7, 0, 9]
    assert list(f["nodes/ext_id"][:]) == [0, 1, 2, 3]


def check_arrays(f):
    i = np.arange(Z * N).reshape(Z, N)
    assert np.array_equal(f["influence/i1"][:], (i % 1000 / 8).astype("f4"))
    flags = f["influence/is_influencer"]
    assert np.array_equal(flags[:], ((i % 7 == 0) | (i % 1000 > 997)).astype("i2"))
    assert flags.compression == "gzip" and flags.shuffle
    assert f["influence/i1"].chunks is None
    assert f["influence"].attrs["quantile"] == 0.15
    cube = f["cascade/default/cube"]
    assert cube.shape == (2, 3, 2) and cube.dtype == np.dtype("<i4") and cube[1, 2, 1] == -11
    assert f["cascade/default/empty"].shape == (0,)
    assert f["cascade/default/no_flags"].shape == (2, 0)
    assert list(f["ppr/default/column"][:]) == [b"ab", b"wxyz"]


def check_types(name, item):
    """Signed types only, and nothing of variable length."""
    if isinstance(item, h5py.Dataset):
        kinds = [item.dtype[n].kind for n in item.dtype.names or []] or [item.dtype.kind]
        assert all(k in "ifS" for k in kinds), (name, item.dtype)
        assert len(item.attrs["checksum"]) == 16, name


def check_csr(f):
    g = f["influencers"]
    assert g.attrs["encoding-type"] == "csr_matrix"
    m = sp.csr_matrix((g["data"][:], g["indices"][:], g["indptr"][:]), shape=g.attrs["shape"])
    want = np.zeros((3, 4))
    want[0, 1], want[0, 3], want[2, 0] = 0.5, 0.25, 1
    assert np.array_equal(m.toarray(), want)
    assert list(g["rank"][:]) == [0, 1, 2]


def check_tables(path):
    t = pd.read_hdf(path, "/seeds/default")
    assert list(t.columns) == ["rank", "ext_id", "gain", "cost", "is_new", "segment"]
    assert list(t["ext_id"]) == [-5, 1, 2, 5000000000, 9]
    assert list(t["is_new"]) == [0, 1, 0, 1, -1]
    assert t["gain"][1] == 1e300 and np.isnan(t["gain"][3])
    assert t["segment"][4] in ("sixsix", b"sixsix")
    assert len(pd.read_hdf(path, "/seeds/none")) == 0


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "r.h5")
        subprocess.run([sys.argv[1], "-w", path], check=True)
        with h5py.File(path, "r") as f:
            check_root(f)
            check_arrays(f)
            check_csr(f)
            f.visititems(check_types)
        check_tables(path)
    print("results file opens as documented")


main()
