#!/bin/sh
# Installs what is missing, builds, runs every test. Four lanes: optimised gcc, gcc with the address
# and undefined-behaviour sanitizers, clang with the thread sanitizer (kernels only), and a minute of
# fuzzing the readers.
#
#   ./test.sh               all of it
#   ./test.sh --no-install  only check and list missing packages, then test
#   ./test.sh --quick       the optimised lane alone
cd "$(dirname "$0")"
no_install=0 quick=0
for argument in "$@"; do
    case $argument in
    --no-install) no_install=1 ;;
    --quick) quick=1 ;;
    *) echo "usage: ./test.sh [--no-install] [--quick]" >&2; exit 2 ;;
    esac
done
. ./scripts/setup.sh
install_missing "$build_needs $test_needs"

# lane NAME [ctest options]: closes with ctest's own summary.
lane() {
    name=$1
    shift
    build "$name"
    say "testing: $name"
    ctest --test-dir "build/$name" --output-on-failure -j "$(nproc)" "$@"
}

lane release
[ "$quick" = 1 ] && exit 0

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
lane asan

# libarcher teaches the thread sanitizer about OpenMP's barriers: without it clean code looks racy.
archer=$(clang -print-file-name=libarcher.so)
export OMP_TOOL_LIBRARIES="$archer" TSAN_OPTIONS="ignore_noninstrumented_modules=1"
lane tsan -L kernel
unset OMP_TOOL_LIBRARIES

build fuzz fuzzers
say "testing: fuzz, 60 s"
./tests/fuzz/smoke.sh build/fuzz/tests/fuzz 60
say "all lanes passed"
