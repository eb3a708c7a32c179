# grapevine cascade: what it says, what it refuses, that parts add up and threads do not matter.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none
    echo "= $?"
}

read_h5() { # a Python program on standard input
    { echo "import h5py" && cat; } | PATH=/usr/bin:$PATH python3 -
}

i=0
while [ $i -lt 40 ]; do
    echo "$i $(((i * 7 + 3) % 40)) 0.5"
    echo "$i $(((i * 11 + 1) % 40)) 0.25"
    i=$((i + 1))
done >edges.txt
say import edges.txt --probability 3 -o g.h5
say import edges.txt --columns 1,2 -o bare.h5
printf 'bob\tann\nann\tczar\n' >words.txt
say import words.txt -o words.h5
printf '3\n17\n' >seeds.txt
: >nobody.txt

grapevine cascade --help | sed '/^Common options/,/^$/d'

# runs
say cascade g.h5 --seeds seeds.txt --sims 500 --activation -o a.h5
say cascade g.h5 --seeds 17,3 --sims 500 --activation --threads 3 -o b.h5
cmp a.h5 b.h5 && echo "same bytes"
say cascade g.h5 --seeds 3,17 --sim-range 0:200 -o part1.h5
say cascade g.h5 --seeds 3,17 --sim-range 200:500 -o part2.h5
read_h5 <<'END'
whole, one, two = (h5py.File(f)["cascade/default"] for f in ("a.h5", "part1.h5", "part2.h5"))
print(whole["spread"].shape, (whole["spread"][:] == list(one["spread"]) + list(two["spread"])).all())
length = whole["curve_sum"].shape[0]
pad = lambda part: list(part["curve_sum"]) + [0] * (length - part["curve_sum"].shape[0])
print((whole["curve_sum"][:] == [x + y for x, y in zip(pad(one), pad(two))]).all())
print(dict(one.attrs)["first_world"], dict(two.attrs)["first_world"], dict(two.attrs)["n_sims"])
print(whole["seeds"][:], whole["seed_ext_id"][:], whole["activation_count"][:].sum() == whole["spread"][:].sum())
print(whole["mean"][0] == whole["spread"][:].mean(), "activation_count" in one)
END
say cascade bare.h5 --seeds 3 --probability const:1 --max-steps 2 --sims 2 --name ball -o ball.h5
read_h5 <<'END'
print(h5py.File("ball.h5")["cascade/ball/curve_sum"][:])
END
say cascade bare.h5 --seeds nobody.txt --probability wc -o nobody.h5
say cascade words.h5 --seeds bob --probability wc -o words_out.h5
read_h5 <<'END'
print(h5py.File("words_out.h5")["cascade/default/seed_ext_id"][:])
print(h5py.File("nobody.h5")["cascade/default/spread"][:].max())
END

# kernels: forced ones draw their own worlds, say so, and still ignore threads
for kernel in plain points sliced; do
    say cascade g.h5 --seeds 3,17 --sims 300 --kernel $kernel --activation -o $kernel.h5
    say cascade g.h5 --seeds 3,17 --sims 300 --kernel $kernel --activation --threads 3 -o other.h5 --force
    cmp $kernel.h5 other.h5 && echo "same bytes"
done
read_h5 <<'END'
for name in "a.h5", "plain.h5", "points.h5", "sliced.h5":
    print(h5py.File(name)["cascade/default"].attrs["rng"])
END
say cascade g.h5 --seeds 3,17 --sims 300 --kernel sliced --spread-only -o short.h5
read_h5 <<'END'
short, full = (h5py.File(f)["cascade/default"] for f in ("short.h5", "sliced.h5"))
print((short["spread"][:] == full["spread"][:]).all(), short["curve_sum"].shape, short["curve_sumsq"].shape)
END
say verify short.h5
grapevine info short.h5 | tail -3
say export short.h5 --table cascade/default
say cascade g.h5 --seeds 3,17 --sims 300 --kernel plain --marginals --blocked 24,13 --activation -o more.h5
read_h5 <<'END'
more, full = (h5py.File(f)["cascade/default"] for f in ("more.h5", "plain.h5"))
print((more["spread"][:] <= full["spread"][:]).all(), more["blocked"][:], more["activation_count"][:][[13, 24]])
print(more["seed_marginal_sum"].shape, (more["seed_marginal_sum"][:] > 0).all(), more["seed_marginal_sum"][:].sum() <= more["spread"][:].sum())
END
say cascade g.h5 --seeds 3,17 --blocked 3 -o x.h5
say cascade g.h5 --seeds 3 --kernel fast -o x.h5

# a target that is not reached: exit code 3, and the file says so
say cascade g.h5 --seeds 3 --stderr 0.0001 --max-sims 2000 -o rough.h5
say cascade g.h5 --seeds 3 --stderr 0.1 -o fine.h5
read_h5 <<'END'
for name in "rough.h5", "fine.h5":
    a = h5py.File(name)["cascade/default"].attrs
    print(a["n_sims"], a["target_stderr"], a["target_reached"], h5py.File(name).attrs["complete"])
END

# refusals
say cascade bare.h5 --seeds 3 -o x.h5
say cascade g.h5 --seeds 3,40 -o x.h5
say cascade g.h5 --seeds 3 --probability const:1.5 -o x.h5
say cascade g.h5 --seeds 3 --probability tri -o x.h5
say cascade g.h5 --seeds 3 --sims 5 --stderr 0.1 -o x.h5
say cascade g.h5 --seeds 3 --max-sims 5 -o x.h5
say cascade g.h5 --seeds 3 --stderr 1 -o x.h5
say cascade g.h5 --seeds 3 --sims 0 -o x.h5
say cascade g.h5 --seeds 3 --sim-range 7:7 -o x.h5
say cascade g.h5 --seeds 3 --max-steps -2 -o x.h5
say cascade g.h5 --seeds 3 --name a/b -o x.h5
say cascade g.h5 --seeds 3 --topic books -o x.h5
say cascade g.h5 --seeds 3 --model m.h5 -o x.h5
say cascade g.h5 --seeds 3 --influencers a.h5 -o x.h5
say cascade g.h5 --seeds influencers:0 --topic books -o x.h5
say cascade g.h5 --seeds influencers:2 -o x.h5
say cascade g.h5 --seeds influencers:2 --topic books -o x.h5
say cascade g.h5 --seeds influencers:2 --topic books --influencers a.h5 -o x.h5
say cascade g.h5 --seeds 3 -o a.h5
say cascade none.h5 --seeds 3 -o x.h5
say cascade a.h5 --seeds 3 -o x.h5
say cascade g.h5 --seeds 3 -o nowhere/x.h5
say cascade g.h5 --seeds 3
ls x.h5* nowhere 2>/dev/null
