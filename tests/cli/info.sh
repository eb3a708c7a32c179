# grapevine info: graphs, models, truth and results in words and as JSON; what it refuses.
stable() { # sizes of files and versions are not ours to promise
    sed -e 's/[0-9,]* bytes/N bytes/' -e 's/"bytes": [0-9]*/"bytes": N/' \
        -e 's/"engine_version": "[^"]*"/"engine_version": "V"/'
}

say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none >.out 2>&1
    code=$?
    stable <.out
    echo "= $code"
}

check() { # the file's JSON is JSON, and an expression about it is true
    echo "$2"
    grapevine info $1 --json | PATH=/usr/bin:$PATH python3 -c "import json, sys; d = json.load(sys.stdin); print($2)"
}

grapevine info --help | sed '/^Common options/,/^$/d'

# a graph
printf 'src\tdst\tp\nann\tbob\t0.5\nbob\tann\t0.25\nann\tczar\t1\n' >edges.tsv
printf 'id\tage\tvalue\nann\t30\t1.5\nbob\t41\t2\nczar\t7\t0\ndora "d"\t8\t1\n' >nodes.tsv
say import edges.tsv --probability p --nodes nodes.tsv -o words.h5
say info words.h5
say info words.h5 --json
check words.h5 "d['n_nodes'], d['out_degree']['max'], d['attributes'][0]['name']"
printf '1 2\n2 3\n' >path.txt
say import path.txt --undirected --probability const:0.1 -o path.h5
say info path.h5

# a population: model, truth, results
grapevine generate consumers --consumers 600 --topics 3 --items 12 -o pop --progress none
grapevine learn pop/graph.h5 --log pop/purchases.tsv -o model.h5 --progress none
grapevine influence pop/graph.h5 --model model.h5 -o res.h5 --progress none
say info pop/graph.h5
say info pop/truth.h5
say info model.h5
say info res.h5
say info res.h5 --truth pop/truth.h5 --topic books --top 7
say info res.h5 --top 1 --topic films
check model.h5 "[t['name'] for t in d['topics']], d['n_pairs'] > 0"
check pop/truth.h5 "[t['n_influencers'] for t in d['topics']]"
check res.h5 "d['kind'], d['quantile'], [len(t['best']) for t in d['influencers']]"
check "res.h5 --truth pop/truth.h5" "[0 < t['n_confirmed'] < t['n_flagged'] for t in d['influencers']]"

# names that JSON has to escape
printf 'user,item,topic,time\nann,1,"say ""hi"" \\ n",1000\nbob,1,"say ""hi"" \\ n",2000\n' >quoted.csv
grapevine learn words.h5 --log quoted.csv -o quoted.h5 --progress none
check quoted.h5 "ascii(d['topics'][0]['name'])"

# cascades and walks
grapevine cascade words.h5 --seeds ann --sims 4 --probability const:1 -o cascade.h5 --progress none
say info cascade.h5
check cascade.h5 "d['cascades'][0]['curve'], d['cascades'][0]['mean'], d['arrays'][0]['shape']"
seq 1 40 | while read i; do echo "$i $((i + 1))"; done >chain.txt
grapevine import chain.txt -o chain.h5 --progress none
grapevine cascade chain.h5 --seeds 1 --sims 2 --probability const:1 -o long.h5 --progress none
say info long.h5
: >nobody.txt
grapevine cascade chain.h5 --seeds nobody.txt --sims 2 --probability const:1 -o nobody.h5 --progress none
say info nobody.h5
grapevine ppr words.h5 --source ann -o ppr.h5 --progress none
say info ppr.h5

# refusals
say info none.h5
say info edges.tsv
say info
say info res.h5 --topic nothing
say info words.h5 --topic books
say info res.h5 --top -1
say info words.h5 --truth pop/truth.h5
say info res.h5 --truth words.h5
say info res.h5 --truth none.h5
head -c 3000 res.h5 >cut.h5
say info cut.h5
PATH=/usr/bin:$PATH python3 -c "import h5py; h5py.File('foreign.h5', 'w')['x'] = 1"
say info foreign.h5
