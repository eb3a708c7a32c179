# grapevine export: tables as text, whole or not at all; what it refuses.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none 2>&1
    echo "= $?"
}

grapevine export --help | sed '/^Common options/,/^$/d'

# graphs
printf 'src\tdst\tp\nann\tbob\t0.5\nbob\tann\t0.1\nann\tczar\t1\n' >edges.tsv
printf 'id\tage\tvalue\nann\t30\t1.5\nbob\t41\t2\nczar\t7\t\ndora\t8\t1\n' >nodes.tsv
say import edges.tsv --probability p --nodes nodes.tsv -o words.h5
say export words.h5 --table edges
say export words.h5 --table nodes
say export words.h5 --table edges -o out.tsv
cat out.tsv
say import out.tsv --probability probability -o again.h5
say export again.h5 --table edges -o -
printf '1 2\n2 3\n' >path.txt
say import path.txt --undirected -o path.h5
say export path.h5 --table edges

# results
grapevine generate consumers --consumers 600 --topics 3 --items 12 -o pop --progress none
grapevine learn pop/graph.h5 --log pop/purchases.tsv -o model.h5 --progress none
grapevine influence pop/graph.h5 --model model.h5 --prospects 1 -o res.h5 --progress none
grapevine export res.h5 --table influencers --progress none >all.tsv
wc -l <all.tsv
head -n 1 all.tsv
cut -f 1 all.tsv | sort | uniq -c | sed 's/^ *//'
for topic in books coffee films; do
    grapevine export res.h5 --table influencers --topic $topic --progress none
done | grep -v '^topic' >parts.tsv
sed 1d all.tsv | cmp - parts.tsv && echo "topics add up"
awk -F '\t' 'NR > 2 && $1 == topic && $2 <= rank { print "out of order:", $0 } { topic = $1; rank = $2 }' all.tsv
grapevine export res.h5 --table influencers --threads 3 --progress none | cmp - all.tsv && echo "same bytes"
grapevine export res.h5 --table prospects --progress none >prospects.tsv
head -n 1 prospects.tsv
[ "$(wc -l <prospects.tsv)" -gt 10 ] && echo "prospects"
awk -F '\t' 'NR > 2 && $1 == topic && $3 > p { print "out of order:", $0 } { topic = $1; p = $3 }' prospects.tsv
grapevine export res.h5 --table topk/i1 --topic books --progress none | head -n 3 | cut -f 1,2
grapevine export res.h5 --table topk/i1 --topic books --progress none |
    awk -F '\t' 'NR > 2 && $4 > score { print "out of order:", $0 } { score = $4 }'
grapevine cascade words.h5 --seeds ann --sims 4 --probability const:1 -o cascade.h5 --progress none
say export cascade.h5 --table cascade
say export cascade.h5 --table cascade/default
say export cascade.h5 --table spreads
say export cascade.h5 --table activations
grapevine cascade words.h5 --seeds ann,dora --probability const:0.5 --activation-steps --weights value --sim-range 5:9 --name b -o steps.h5 --progress none
say export steps.h5 --table spreads/b
say export steps.h5 --table activations/b
grapevine cascade words.h5 --seeds dora,ann --probability const:0.5 --marginals --sims 1 -o marginals.h5 --progress log 2>&1 | grep -o 'to .*consumers.*'
grapevine info marginals.h5 | grep -o '^cascade.*world'
say export marginals.h5 --table marginals
say export marginals.h5 --table marginals/default --dry-run | grep -c 'rows\|table'

# refusals
say export res.h5 --table nothing
say export model.h5 --table edges
say export words.h5 --table influencers
say export res.h5 --table influencers --topic nothing
say export cascade.h5 --table cascade --topic books
say export res.h5
say export none.h5 --table edges
say export edges.tsv --table edges
say export res.h5 --table influencers -o out.tsv
say export res.h5 --table influencers -o nowhere/out.tsv
say export words.h5 --table edges --force -o out.tsv
echo "\$ export words.h5 --table edges >/dev/full"
grapevine export words.h5 --table edges --progress none 2>&1 >/dev/full
echo "= $?"
ls out.tsv* nowhere 2>/dev/null
