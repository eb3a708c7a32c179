#!/bin/sh
# random.sh COIN_STREAM: the numbers behind the coins of cascades under a battery of dieharder (R. G.
# Brown's collection, with G. Marsaglia's and NIST's tests). All streams are fixed, so a test that
# passes once passes always. Coins that fuse world and edge by XOR must fail.
command -v dieharder >/dev/null || { echo "dieharder is not installed: skipped"; exit 77; }
stream=$1
bad=0

verdict() { # a stream, a test and its samples: "PASSED p" and the like
    "$stream" "$1" | dieharder -g 200 -d "$2" -p "$3" -c , -D pvalues -D assessment 2>/dev/null | tr -d ' '
}

# Binary ranks of 32 x 32 bits (2), ones in a stream (8), runs (15), bits (100), runs of bits (101).
for name in plain nodes worlds draws edges lanes bits; do
    for test in 2:3 8:5 15:10 100:20 101:20; do
        got=$(verdict $name ${test%:*} ${test#*:})
        case $got in
        '') echo "$name, test ${test%:*}: no verdict" && bad=1 ;;
        *FAILED*) echo "$name, test ${test%:*}: $got" && bad=1 ;;
        esac
    done
done
failed=0
for test in 2:3 8:5 15:10; do
    case $(verdict fused ${test%:*} ${test#*:}) in *FAILED*) failed=$((failed + 1)) ;; esac
done
echo "fused coins fail $failed of 3 tests"
[ $failed -ge 1 ] || bad=1
exit $bad
