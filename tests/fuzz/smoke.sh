#!/bin/sh
# smoke.sh FOLDER SECONDS [JOBS]: runs the fuzz targets built in FOLDER from their seeds, SECONDS in
# all, JOBS at a time (2). The first input that breaks something is kept in FOLDER and ends the run.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
built=$(cd "$1" && pwd)
seconds=$2 jobs=${3:-2}
targets=$(for corpus in "$here"/corpus/*/; do basename "$corpus"; done)
count=$(printf '%s\n' "$targets" | wc -l)
each=$((seconds * jobs / count))
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# one NAME: new inputs go to a folder of their own, so that the seeds stay as they are.
one='
name=$0
mkdir -p "$scratch/$name"
case $name in job) quiet=2 ;; *) quiet=0 ;; esac # refused jobs are told on stderr
if "$built/fuzz_$name" -seed=1 -max_total_time="$each" -timeout=30 -rss_limit_mb=2048 -max_len=4096 \
    -close_fd_mask="$quiet" -artifact_prefix="$built/$name-" "$scratch/$name" "$here/corpus/$name" \
    >"$built/$name.log" 2>&1
then
    echo "fuzz_$name: $(sed -n "s/^Done \([0-9]*\) runs.*/\1 inputs/p" "$built/$name.log")"
else
    tail -n 60 "$built/$name.log"
    echo "fuzz_$name: failed; the input is in $built, the whole log is $built/$name.log"
    exit 255
fi
'
export scratch built here each
printf '%s\n' "$targets" | xargs -n 1 -P "$jobs" sh -c "$one"
