#!/bin/sh
# check.sh NAME PROGRAM: runs NAME.sh in an empty folder, with the folder of PROGRAM first in PATH, and
# compares stdout, stderr and exit codes with NAME.expect.
here=$(cd "$(dirname "$0")" && pwd)
GV_SOURCE=$(cd "$here/../.." && pwd)
export GV_SOURCE
name=$1
PATH=$(cd "$(dirname "$2")" && pwd):$PATH
export PATH
# Tests run side by side: threads that are bound would share cores while others idle.
export OMP_PROC_BIND=false OMP_WAIT_POLICY=passive
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
sh "$here/$name.sh" >"$folder/.got" 2>&1
diff -u "$here/$name.expect" "$folder/.got"
