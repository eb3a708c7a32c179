/* topology.h -- the machine as hwloc sees it. topology.c is the only user of hwloc.h. */
#ifndef ENGINE_TOPOLOGY_H
#define ENGINE_TOPOLOGY_H

#include <stdint.h>

/* Cores that this process may run on (its affinity mask and cpuset respected), or 0 if unknown. */
int32_t gv_topology_cores(void);

#endif
