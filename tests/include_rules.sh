#!/bin/sh
# Holds the walls between the rooms: prints each include or call that stands in the wrong one.
set -u
bad=0
rule() { # message, pattern, files...
    message=$1 pattern=$2
    shift 2
    hits=$(grep -nE "$pattern" "$@" 2>/dev/null)
    if [ -n "$hits" ]; then
        printf '%s:\n%s\n' "$message" "$hits"
        bad=1
    fi
}
sources() { # every .c and .h of the named folders, less the last argument's pattern
    find "$1" -name '*.[ch]' | grep -vE "$2" | sort
}
rule 'hdf5.h outside io/' '#include <(hdf5|H5)' \
    $(for d in engine kernels datasets cli bench include; do sources $d '^$'; done)
rule 'omp.h outside engine/parallel.c' '#include <omp\.h>' \
    $(for d in engine kernels datasets io cli include; do sources $d '^engine/parallel\.c$'; done)
rule 'hwloc.h outside engine/topology.c' '#include <hwloc' \
    $(for d in engine kernels datasets io cli bench include; do sources $d '^engine/topology\.c$'; done)
rule 'allocation outside engine/memory.c' '\b(malloc|calloc|realloc|aligned_alloc)\(' \
    $(for d in engine kernels datasets io; do sources $d '^engine/(memory|context|topology)\.c$'; done)
rule 'printing or leaving in the library' '(^|[^a-z_])(printf|puts|perror|exit|abort)\(' \
    $(for d in engine kernels datasets io; do sources $d '^$'; done)
rule 'the environment read in the library' '\bgetenv\(' \
    $(for d in engine kernels datasets io; do sources $d '^$'; done)
rule 'pragma omp outside engine/ and kernels/' '#pragma omp' \
    $(for d in io cli datasets include; do sources $d '^$'; done)
rule 'engine includes another room' '#include "(kernels|io|cli|datasets|bench)/' $(sources engine '^$')
rule 'kernels include another room' '#include "(io|cli|datasets|bench)/' $(sources kernels '^$')
rule 'datasets include another room' '#include "(io|cli|kernels|bench)/' $(sources datasets '^$')
rule 'io includes another room' '#include "(kernels|cli|datasets|bench)/' $(sources io '^$')
rule 'cli or bench reach behind the public interface' '#include "(engine|kernels|io|datasets)/' \
    $(sources cli '^$') $(sources bench '^$')
exit $bad
