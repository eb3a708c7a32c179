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

# linear threshold: by two kernels, with weights that may not add up to more than 1
say cascade bare.h5 --seeds 3,17 --sims 300 --probability wc --diffusion lt --kernel plain -o lt1.h5
say cascade bare.h5 --seeds 3,17 --sims 300 --probability wc --diffusion lt --kernel sliced -o lt2.h5
read_h5 <<'END'
one, two = (h5py.File(f)["cascade/default"] for f in ("lt1.h5", "lt2.h5"))
print(one.attrs["model"], "by", one.attrs["rng"], "and", two.attrs["rng"])
print(abs(one["mean"][0] - two["mean"][0]) < 4.5 * (one["stderr"][0] ** 2 + two["stderr"][0] ** 2) ** .5)
END
say cascade bare.h5 --seeds 3 --probability wc --diffusion lt --kernel points -o x.h5
say cascade bare.h5 --seeds 3 --probability const:0.6 --diffusion lt -o x.h5

# seeds that may decline, in several sets; values, steps, quantiles
printf 'id set probability\n3 spring 1\n17 spring 0.5\n8 summer 0.25\n3 summer 1\n17 a-1 1\n' >sets.txt
awk 'BEGIN { print "id\tvalue"; for (i = 0; i < 40; i++) print i "\t" (i % 4 == 3 ? "" : i / 8) }' >values.txt
say import edges.txt --probability 3 --nodes values.txt -o valued.h5
grapevine cascade valued.h5 --seeds sets.txt --sims 400 --weights value --activation-steps -o sets.h5 --progress log 2>&1 | sed -n '/consumers\|worth/p'
read_h5 <<'END'
f = h5py.File("sets.h5")["cascade"]
print(list(f))
import numpy as np
for name in f:
    g = f[name]
    count, steps, scale = g["activation_count"][:], g["activation_step_sum"][:], g.attrs["weight_scale"]
    worth = [0 if i % 4 == 3 else i / 8 for i in range(40)]
    print(g["seeds"][:], g["acceptance"][:] if "acceptance" in g else None, g["accepted_count"][:] / 400,
          (count * worth).sum() * scale == g["value"][:].sum(), g["value_mean"][0] == g["value"][:].mean() / scale,
          steps.sum() == (g["curve_sum"][:] * np.arange(len(g["curve_sum"]))).sum(),
          g["quantile"][0] == g["spread"][:].min(), g["quantile"][-1] == g["spread"][:].max())
print(f["default_spring"]["quantile_level"][:])
END
say verify sets.h5
grapevine info sets.h5 | tail -7
printf 'id set\n3 spring\n' >one.txt
say cascade valued.h5 --seeds one.txt --sims 400 --kernel points -o one.h5
say cascade valued.h5 --seeds 3 --sims 400 --kernel points -o alone.h5
read_h5 <<'END'
print((h5py.File("one.h5")["cascade/default_spring/spread"][:] == h5py.File("alone.h5")["cascade/default/spread"][:]).all())
END
say cascade g.h5 --seeds sets.txt --stderr 0.005 --max-sims 3000 -o x.h5
rm x.h5
printf 'id set probability\n3 spring 1.5\n' >bad.txt
say cascade g.h5 --seeds bad.txt -o x.h5
printf 'id set\n3 a/b\n' >bad.txt
say cascade g.h5 --seeds bad.txt -o x.h5
say cascade g.h5 --seeds 3 --weights value -o x.h5
say cascade g.h5 --seeds 3 --activation-steps --spread-only -o x.h5

# probabilities keyed by edge: those that import draws
say import edges.txt --columns 1,2 --probability tri -o tri.h5
say cascade tri.h5 --seeds 3,17 -o tri1.h5
say cascade bare.h5 --seeds 3,17 --probability tri -o tri2.h5
read_h5 <<'END'
print((h5py.File("tri1.h5")["cascade/default/spread"][:] == h5py.File("tri2.h5")["cascade/default/spread"][:]).all())
END

# an item of several topics: one alone is that topic, weights count by their shares
awk 'BEGIN { print "user,item,topic,time"; for (i = 0; i < 40; i++) for (t = 0; t < 2; t++)
    print i "," t ",topic" t "," 1700000000 + 86400 * ((i * (7 + 4 * t)) % 37) }' >log.csv
say learn g.h5 --log log.csv --window 30d -o m.h5
say cascade g.h5 --seeds 3,17 --model m.h5 --topic topic1 -o topic.h5
say cascade g.h5 --seeds 3,17 --model m.h5 --mix topic1:3 -o mix1.h5
say cascade g.h5 --seeds 3,17 --model m.h5 --mix topic1:3,topic0:1 -o mix2.h5
say cascade g.h5 --seeds 3,17 --model m.h5 --mix topic0:0.125,topic1:0.375 -o mix3.h5
read_h5 <<'END'
one, two, three, four = (h5py.File(f)["cascade/default"] for f in ("topic.h5", "mix1.h5", "mix2.h5", "mix3.h5"))
print((one["spread"][:] == two["spread"][:]).all(), (three["spread"][:] == four["spread"][:]).all())
print((one["spread"][:] != three["spread"][:]).any(), three.attrs["mix"], three.attrs["probability"])
END
say cascade g.h5 --seeds 3 --model m.h5 --mix topic1:0 -o x.h5
say cascade g.h5 --seeds 3 --model m.h5 --mix topic9:1 -o x.h5
say cascade g.h5 --seeds 3 --model m.h5 --mix topic1:1 --topic topic1 -o x.h5

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
say cascade g.h5 --seeds 3 --probability trivial -o x.h5
say cascade g.h5 --seeds 3 --sims 5 --stderr 0.1 -o x.h5
say cascade g.h5 --seeds 3 --max-sims 5 -o x.h5
say cascade g.h5 --seeds 3 --stderr 1 -o x.h5
say cascade g.h5 --seeds 3 --sims 0 -o x.h5
say cascade g.h5 --seeds 3 --sim-range 7:7 -o x.h5
say cascade g.h5 --seeds 3 --max-steps -2 -o x.h5
say cascade g.h5 --seeds 3 --name a/b -o x.h5
say cascade g.h5 --seeds 3 --topic books -o x.h5
say cascade g.h5 --seeds 3 --model m.h5 -o x.h5
say cascade g.h5 --seeds 3 --mix books:1 -o x.h5
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
