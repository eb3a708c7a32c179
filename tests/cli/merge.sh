# grapevine merge: parts of a job array join to the bytes of one run, or are refused with a reason.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none 2>&1
    echo "= $?"
}

same() { # two files
    if cmp "$1" "$2" && h5diff "$1" "$2"; then echo "$1 and $2: same bytes"; fi
}

simulate() {
    grapevine cascade "$@" --progress none
}

grapevine merge --help | sed '/^Common options/,/^$/d'

i=0
while [ $i -lt 40 ]; do
    echo "$i $(((i * 7 + 3) % 40)) 0.5"
    echo "$i $(((i * 11 + 1) % 40)) 0.25"
    i=$((i + 1))
done >edges.txt
awk 'BEGIN { print "id\tvalue"; for (i = 0; i < 40; i++) print i "\t" (i % 4 == 3 ? "" : i / 8) }' >values.txt
grapevine import edges.txt --probability 3 --nodes values.txt -o g.h5 --progress none

# every dataset that a cascade may have: sets whose order is that of numbers, values, counts, steps,
# marginals, blocked consumers; three parts in every order
printf 'id set probability\n3 10 1\n17 10 0.5\n8 9 0.25\n3 9 1\n17 100 1\n' >sets.txt
all="g.h5 --seeds sets.txt --weights value --activation-steps --marginals --blocked 24,13"
simulate $all --sims 500 -o whole.h5
simulate $all --sim-range 0:37 -o a.h5
simulate $all --sim-range 37:38 --threads 3 -o b.h5
simulate $all --sim-range 38:500 -o c.h5
say merge a.h5 b.h5 c.h5 -o abc.h5
for parts in 'a c b' 'b a c' 'b c a' 'c a b' 'c b a'; do
    set -- $parts
    grapevine merge $1.h5 $2.h5 $3.h5 -o abc.h5 --force --progress none
    same abc.h5 whole.h5
done
say verify abc.h5 | tail -n 2

# parts of parts, a range that does not begin with world 0, an output that is one of the parts
simulate $all --sim-range 37:500 -o tail.h5
grapevine merge c.h5 b.h5 -o bc.h5 --progress none
same bc.h5 tail.h5
grapevine merge a.h5 bc.h5 -o bc.h5 --force --progress none
same bc.h5 whole.h5

# every kernel; few datasets; seeds in words, a topic of a model
for kernel in plain points sliced; do
    thin="g.h5 --seeds 3,17 --kernel $kernel --name thin --max-steps 3"
    simulate $thin --sims 300 -o one.h5
    simulate $thin --sim-range 0:200 -o one1.h5
    simulate $thin --sim-range 200:300 -o one2.h5
    grapevine merge one2.h5 one1.h5 -o ones.h5 --force --progress none
    same ones.h5 one.h5
    rm one.h5 one1.h5 one2.h5
done
short="g.h5 --seeds 3,17 --kernel sliced --spread-only --diffusion lt --probability wc"
simulate $short --sims 300 -o short.h5
simulate $short --sim-range 0:10 -o short1.h5
simulate $short --sim-range 10:300 -o short2.h5
grapevine merge short1.h5 short2.h5 -o shorts.h5 --progress none
same shorts.h5 short.h5
printf 'bob\tann\nann\tczar\nczar\tdora\nczar\tbob\n' >words.txt
grapevine import words.txt -o words.h5 --progress none
awk 'BEGIN { print "user,item,topic,time"; split("ann bob czar dora", who, " "); for (i = 0; i < 40; i++)
    for (t = 0; t < 2; t++) print who[i % 4 + 1] "," i % 7 ",topic" t "," 1700000000 + 86400 * ((i * (7 + 4 * t)) % 37) }' >log.csv
grapevine learn words.h5 --log log.csv --window 30d -o m.h5 --progress none
topic="words.h5 --seeds bob,dora --model m.h5 --mix topic0:1,topic1:2"
simulate $topic --sims 100 -o topic.h5
simulate $topic --sim-range 0:60 -o topic1.h5
simulate $topic --sim-range 60:100 -o topic2.h5
grapevine merge topic1.h5 topic2.h5 -o topics.h5 --progress none
same topics.h5 topic.h5

# the plan, which writes nothing
grapevine merge a.h5 b.h5 c.h5 -o x.h5 --dry-run 2>&1 | sed -n 's/  *[0-9.]* MiB.*//p'

# refusals
say merge a.h5 c.h5 -o x.h5
say merge a.h5 b.h5 c.h5 b.h5 -o x.h5
say merge a.h5 tail.h5 c.h5 -o x.h5
say merge a.h5 g.h5 -o x.h5
say merge m.h5 -o x.h5
say merge a.h5 none.h5 -o x.h5
say merge a.h5 edges.txt -o x.h5
say merge a.h5 b.h5 c.h5 -o whole.h5
say merge a.h5 b.h5 c.h5 -o nowhere/x.h5
say merge -o x.h5
say merge a.h5
other() { # what differs
    simulate "$@" --sim-range 37:500 -o other.h5
    say merge a.h5 other.h5 -o x.h5 | sed 's/[0-9a-f]\{16\}/HASH/g'
    rm other.h5
}
rest="--weights value --activation-steps --marginals"
other $all --seed 2
other $all --max-steps 4
other $all --probability wc
other $all --kernel sliced
other g.h5 --seeds sets.txt $rest --blocked 24
other g.h5 --seeds sets.txt --activation-steps --marginals --blocked 24,13
sed s/17/18/ sets.txt >sets2.txt
other g.h5 --seeds sets2.txt $rest --blocked 24,13
sed s/0.25/0.75/ sets.txt >sets2.txt
other g.h5 --seeds sets2.txt $rest --blocked 24,13
sed s/100/99/ sets.txt >sets2.txt
other g.h5 --seeds sets2.txt $rest --blocked 24,13
other g.h5 --seeds 3,17 --name default_10 $rest --blocked 24,13
awk '{ print $1, $2, $1 == 5 ? 0.75 : $3 }' edges.txt >edges2.txt
grapevine import edges2.txt --probability 3 --nodes values.txt -o g2.h5 --progress none
other g2.h5 --seeds sets.txt $rest --blocked 24,13
simulate g.h5 --seeds 3 --sim-range 0:100 -o first.h5
simulate g.h5 --seeds 3 --stderr 0.5 --max-sims 1024 -o target.h5
say merge first.h5 target.h5 -o x.h5
say merge target.h5 -o x.h5
grapevine learn words.h5 --log log.csv --window 5d -o m2.h5 --progress none
simulate words.h5 --seeds bob,dora --model m2.h5 --mix topic0:1,topic1:2 --sim-range 60:100 -o other.h5
say merge topic1.h5 other.h5 -o x.h5 | sed 's/[0-9a-f]\{16\}/HASH/g'
grapevine influence words.h5 --model m.h5 -o inf.h5 --progress none
say merge inf.h5 -o x.h5
printf 'output: job.h5\ngraph: words.h5\nlearn:\n  log: log.csv\n  output: m3.h5\ninfluence: {}\ncascade:\n  seeds: bob\n  topic: topic0\n' >job.yaml
grapevine run job.yaml --progress none
say merge job.h5 -o x.h5

# a part whose bytes changed, unless it is trusted; a part that was cut short
offset=$(h5dump -H -p -d /cascade/default_9/spread c.h5 | sed -n 's/.*OFFSET //p')
printf 'x' | dd of=c.h5 bs=1 seek="$offset" conv=notrunc 2>/dev/null
say merge a.h5 b.h5 c.h5 -o x.h5 | sed 's/[0-9a-f]\{16\}/HASH/g'
grapevine merge a.h5 b.h5 c.h5 --trust -o x.h5 --progress none && rm x.h5
head -c 3000 b.h5 >cut.h5
say merge a.h5 cut.h5 -o x.h5 | cut -c 1-60
[ ! -e x.h5 ] && [ ! -e x.h5.part ] && echo "nothing left"
