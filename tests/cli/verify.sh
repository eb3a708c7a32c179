# grapevine verify: sound files pass, changed ones are named.
say() { # a command, its words and its exit code
    echo "\$ $*"
    grapevine "$@" --progress none >.out 2>&1
    code=$?
    sed 's/  *[0-9,]* bytes/ N bytes/' <.out
    echo "= $code"
}

change() { # FILE FROM TO: puts TO in the place of the first FROM, bytes alike in number
    python3 - "$@" <<'PYTHON'
import sys
name, old, new = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode()
data = open(name, "rb").read()
assert len(old) == len(new) and old in data
open(name, "wb").write(data.replace(old, new, 1))
PYTHON
}

grapevine verify --help | sed '/^Common options/,/^$/d'

grapevine generate consumers --consumers 600 --topics 3 --items 12 -o pop --progress none
grapevine learn pop/graph.h5 --log pop/purchases.tsv -o model.h5 --progress none
grapevine influence pop/graph.h5 --model model.h5 --measure i1,i2 --store scores,rank,flags -o res.h5 \
    --progress none
say verify pop/graph.h5
say verify pop/truth.h5
say verify model.h5
say verify res.h5
say verify res.h5 --threads 3
printf 'ann\tbob\nbob\tczar\n' >edges.txt
grapevine import edges.txt -o words.h5 --probability wc --progress none
say verify words.h5

# changed
cp words.h5 bad.h5
change bad.h5 czar czax
say verify bad.h5
cp model.h5 bad.h5
change bad.h5 films filmz
say verify bad.h5 | sed 's/checksum [0-9a-f]*, not [0-9a-f]*/checksum A, not B/'
head -c 20000 res.h5 >bad.h5
say verify bad.h5
say verify none.h5
say verify edges.txt
say verify
say verify res.h5 model.h5
