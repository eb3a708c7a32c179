#!/bin/sh
# Installs what is missing, builds, and runs the main job on a generated population of 100,000
# consumers: who makes friends buy, in which category, and how a recommendation spreads.
#
#   ./demo.sh               all of it, into ./demo
#   ./demo.sh --no-install  only check and list missing packages, then run
cd "$(dirname "$0")"
no_install=0
for argument in "$@"; do
    case $argument in
    --no-install) no_install=1 ;;
    *) echo "usage: ./demo.sh [--no-install]" >&2; exit 2 ;;
    esac
done
. ./scripts/setup.sh
install_missing "$build_needs"
build release
grapevine=build/release/grapevine

$grapevine generate consumers --consumers 100000 --topics 8 --items 300 --days 365 -o demo --force
$grapevine run demo/job.yaml --force
$grapevine info demo/results.h5 --truth demo/truth.h5
cat <<TXT
Everything is in demo/results.h5. From Python:
  import h5py
  f = h5py.File("demo/results.h5")
  print(dict(f["cascade/default"].attrs), f["influence/i1"].shape)
TXT
