# grapevine cascade|ppr --keep-layout: the sidecar of a graph makes nothing different but the time.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none 2>&1
    echo "= $?"
}

told() { # what a run says of layouts
    grapevine "$@" --progress log 2>&1 | sed -n 's/^\(.*layout.*\) (.* bytes)$/\1/p; /is not used/p; /not kept/p' |
        sed 's/stored [0-9a-f]*/stored HASH/; s/graph [0-9a-f]*, not [0-9a-f]*/graph ONE, not ANOTHER/'
}

same() { # two files
    cmp "$1" "$2" && echo "same bytes"
}

i=0
while [ $i -lt 40 ]; do
    echo "$i $(((i * 7 + 3) % 40)) 0.5"
    echo "$i $(((i * 11 + 1) % 40)) 0.25"
    i=$((i + 1))
done >edges.txt
grapevine import edges.txt --probability 3 -o g.h5 --progress none

# each kernel, without, keeping and taking
for kernel in auto points sliced; do
    options="g.h5 --seeds 3,17 --sims 200 --kernel $kernel --activation"
    grapevine cascade $options -o without.h5 --force --progress none
    told cascade $options --keep-layout -o keeping.h5 --force
    told cascade $options -o taking.h5 --force --threads 3
    same without.h5 keeping.h5
    same without.h5 taking.h5
done
for p in const:0.1 const:0.3 wc tri; do
    options="g.h5 --seeds 3,17 --sims 200 --probability $p"
    mv g.layout.h5 aside.h5
    grapevine cascade $options -o without.h5 --force --progress none
    mv aside.h5 g.layout.h5
    told cascade $options --keep-layout -o keeping.h5 --force
    told cascade $options -o taking.h5 --force
    same without.h5 keeping.h5
    same without.h5 taking.h5
done

# walks
for options in '--layout segments' '--layout segments --precision f32 --direction reverse' \
    '--layout blocking --precision f32' '--layout sorted8 --precision f32 --source 3,17 --weighted'; do
    grapevine ppr g.h5 $options -o without.h5 --force --progress none
    told ppr g.h5 $options --keep-layout -o keeping.h5 --force
    told ppr g.h5 $options -o taking.h5 --force --threads 3
    same without.h5 keeping.h5
    same without.h5 taking.h5
done
grapevine ppr g.h5 --keep-layout -o x.h5 --progress log 2>&1 | grep 'nothing to keep'
rm x.h5
say ppr g.h5 --keep-layout --layout in-place -o x.h5
grapevine ppr g.h5 --layout segments -o x.h5 --dry-run | grep 'tiles' | sed 's/  *[0-9.]* MiB */ /'

# what the sidecar holds
say verify g.layout.h5 | tail -n 2
grapevine info g.layout.h5 | sed 1d | sed 's/stored [0-9a-f]*/stored HASH/; s/  *[0-9,]* bytes//' | sort
grapevine info g.layout.h5 --json | grep -c '"key"'
ls g.layout.h5* *.part 2>/dev/null

# the plan knows it
plan() {
    grapevine cascade g.h5 --seeds 3 --kernel sliced "$@" -o x.h5 --dry-run | grep 'rows\|slices\|sidecar' |
        sed 's/  *[0-9.]* MiB */ /'
}
plan --probability const:0.3
plan --probability const:0.3 --keep-layout
mv g.layout.h5 aside.h5
plan --probability const:0.3 --keep-layout
ls g.layout.h5 2>/dev/null

# of another graph: told, not used, replaced by what is kept
sed 's/0.25/0.75/' edges.txt >edges2.txt
grapevine import edges2.txt --probability 3 -o g.h5 --force --progress none
mv aside.h5 g.layout.h5
told cascade g.h5 --seeds 3,17 --sims 200 -o one.h5
told cascade g.h5 --seeds 3,17 --sims 200 --keep-layout -o two.h5
same one.h5 two.h5
told cascade g.h5 --seeds 3,17 --sims 200 -o two.h5 --force
same one.h5 two.h5

# cut short, damaged, or something else
cp g.layout.h5 good.h5
head -c 3000 good.h5 >g.layout.h5
say cascade g.h5 --seeds 3 -o x.h5
cp good.h5 g.layout.h5
place=$(h5ls -r g.layout.h5 | sed -n 's|^\(/layouts/.*/row\) .*|\1|p' | head -n 1)
offset=$(h5dump -H -p -d "$place" g.layout.h5 | sed -n 's/.*OFFSET //p')
printf 'x' | dd of=g.layout.h5 bs=1 seek="$offset" conv=notrunc 2>/dev/null
say cascade g.h5 --seeds 3 -o x.h5 | sed 's/[0-9a-f]\{16\}/HASH/g'
say verify g.layout.h5 | grep -c 'its bytes have changed'
cp g.h5 g.layout.h5
say cascade g.h5 --seeds 3 -o x.h5
rm g.layout.h5
say cascade g.h5 --seeds 3 --kernel plain --keep-layout -o x.h5
say cascade g.h5 --seeds 3 --diffusion lt --keep-layout -o x.h5

# a job keeps and takes; its provenance does not know
printf 'output: job.h5\ngraph: g.h5\ncascade:\n  seeds: 3,17\n  sims: 200\n  keep-layout: true\n' >job.yaml
told run job.yaml
grep -v keep-layout job.yaml | sed s/job.h5/job2.h5/ >job2.yaml
told run job2.yaml
same job.h5 job2.h5
