/* topology.c -- see topology.h. */
#include "engine/topology.h"

#include <hwloc.h>

/* hwloc's default topology already leaves out what the cgroup forbids; the affinity mask narrows it
 * further. A core counts once, however many of its hardware threads are allowed. */
static int32_t count_cores(hwloc_topology_t topology)
{
    hwloc_cpuset_t mine = hwloc_bitmap_alloc();
    if (mine == NULL)
        return 0;
    int32_t cores = 0;
    if (hwloc_get_cpubind(topology, mine, HWLOC_CPUBIND_PROCESS) == 0) {
        hwloc_obj_t core = NULL;
        while ((core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core)) != NULL)
            cores += hwloc_bitmap_intersects(core->cpuset, mine);
    }
    hwloc_bitmap_free(mine);
    return cores;
}

int32_t gv_topology_cores(void)
{
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology) != 0)
        return 0;
    const int32_t cores = hwloc_topology_load(topology) == 0 ? count_cores(topology) : 0;
    hwloc_topology_destroy(topology);
    return cores;
}
