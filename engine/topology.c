/* topology.c -- see topology.h.
 *
 * A topology is cut down to the cpus that the process may use as soon as it is loaded, so that
 * nothing behind that asks about permission again: cores are cores of ours, nodes are nodes with
 * cores of ours. hwloc itself leaves out what the control group forbids; the affinity mask narrows
 * that. If the OpenMP runtime binds its threads, the mask of the calling thread says nothing about
 * the others, and the runtime's places are the cpus that may be used. */
#define _GNU_SOURCE
#include "engine/topology.h"

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/parallel.h"

struct gv_topology {
    hwloc_topology_t hwloc;
    bool here; /* this machine, not a recorded or synthetic one */
};

enum { LIST_CHARS = 8192, MAX_NODES = 1024 };

/* ---- loading ------------------------------------------------------------------------------- */

static bool load(gv_topology *t, const gv_topology_source *s)
{
    if (hwloc_topology_init(&t->hwloc) != 0)
        return false;
    t->here = s->synthetic == NULL && s->xml == NULL;
    const bool found =
        (s->synthetic == NULL || hwloc_topology_set_synthetic(t->hwloc, s->synthetic) == 0) &&
        (s->xml == NULL || hwloc_topology_set_xml(t->hwloc, s->xml) == 0) &&
        hwloc_topology_load(t->hwloc) == 0;
    if (!found)
        hwloc_topology_destroy(t->hwloc);
    return found;
}

/* The cpus in use, into `mine`; false when all of them are. */
static bool find_allowed(const gv_topology *t, const char *allowed, hwloc_bitmap_t mine)
{
    char list[LIST_CHARS];
    if (allowed == NULL && t->here && gv_runtime_places(list, sizeof list) > 0)
        allowed = list;
    if (allowed != NULL)
        return hwloc_bitmap_list_sscanf(mine, allowed) == 0;
    return t->here && hwloc_get_cpubind(t->hwloc, mine, HWLOC_CPUBIND_PROCESS) == 0;
}

static bool restrict_to_allowed(gv_topology *t, const char *allowed)
{
    hwloc_bitmap_t mine = hwloc_bitmap_alloc();
    if (mine == NULL)
        return false;
    const bool some = find_allowed(t, allowed, mine);
    const bool fine =
        !some || hwloc_topology_restrict(t->hwloc, mine, HWLOC_RESTRICT_FLAG_REMOVE_CPULESS) == 0;
    hwloc_bitmap_free(mine);
    return fine;
}

gv_topology *gv_topology_load(const gv_topology_source *source)
{
    const gv_topology_source s = source != NULL ? *source : (gv_topology_source){NULL, NULL, NULL};
    gv_topology *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    if (!load(t, &s)) {
        free(t);
        return NULL;
    }
    if (!restrict_to_allowed(t, s.allowed)) {
        gv_topology_free(t);
        return NULL;
    }
    return t;
}

void gv_topology_free(gv_topology *t)
{
    if (t == NULL)
        return;
    hwloc_topology_destroy(t->hwloc);
    free(t);
}

/* ---- description --------------------------------------------------------------------------- */

static int32_t count(const gv_topology *t, hwloc_obj_type_t type)
{
    const int n = hwloc_get_nbobjs_by_type(t->hwloc, type);
    return n > 0 ? (int32_t)n : 0;
}

/* Size of a cache; 0 where the machine does not say. */
static int64_t cache_bytes(const gv_topology *t, hwloc_obj_type_t type)
{
    const hwloc_obj_t cache = hwloc_get_obj_by_type(t->hwloc, type, 0);
    return cache != NULL && cache->attr != NULL ? (int64_t)cache->attr->cache.size : 0;
}

/* Machines may have no object for a core, only for its hardware threads. */
static hwloc_obj_type_t core_type(const gv_topology *t)
{
    return count(t, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
}

gv_machine gv_topology_describe(const gv_topology *t)
{
    return (gv_machine){.packages = count(t, HWLOC_OBJ_PACKAGE),
                        .nodes = count(t, HWLOC_OBJ_NUMANODE),
                        .cores = count(t, core_type(t)),
                        .cpus = count(t, HWLOC_OBJ_PU),
                        .l1 = cache_bytes(t, HWLOC_OBJ_L1CACHE),
                        .l2 = cache_bytes(t, HWLOC_OBJ_L2CACHE),
                        .l3 = cache_bytes(t, HWLOC_OBJ_L3CACHE)};
}

/* ---- places -------------------------------------------------------------------------------- */

/* Cores of node `i`, up to 0 for a node whose cores belong to a node before (memory-side nodes of
 * one set of cores). */
static int32_t cores_of_node(const gv_topology *t, int32_t i)
{
    const hwloc_obj_t node = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_NUMANODE, (unsigned)i);
    for (int32_t k = 0; k < i; k++) {
        const hwloc_obj_t before = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_NUMANODE, (unsigned)k);
        if (hwloc_bitmap_intersects(before->cpuset, node->cpuset))
            return 0;
    }
    const int n = hwloc_get_nbobjs_inside_cpuset_by_type(t->hwloc, node->cpuset, core_type(t));
    return n > 0 ? (int32_t)n : 0;
}

/* Deals `n_threads` to the nodes one by one, as long as they have cores; *n_nodes nodes. */
static void deal(const gv_topology *t, int32_t n_threads, int32_t n_nodes, int32_t *share)
{
    int32_t room[MAX_NODES];
    for (int32_t i = 0; i < n_nodes; i++) {
        room[i] = cores_of_node(t, i);
        share[i] = 0;
    }
    for (int32_t left = n_threads; left > 0;) {
        const int32_t before = left;
        for (int32_t i = 0; i < n_nodes && left > 0; i++)
            if (share[i] < room[i])
                share[i]++, left--;
        if (left == before) /* no node knows of these cores */
            return;
    }
}

/* Appends "{cpu,cpu}" for the `k`-th core inside `set`. */
static bool append_place(const gv_topology *t, hwloc_const_cpuset_t set, int32_t k, char *text,
                         size_t size)
{
    const size_t used = strlen(text);
    char list[LIST_CHARS];
    const hwloc_obj_t core =
        hwloc_get_obj_inside_cpuset_by_type(t->hwloc, set, core_type(t), (unsigned)k);
    if (core == NULL)
        return false;
    list[0] = '\0';
    size_t at = 0;
    for (int cpu = hwloc_bitmap_first(core->cpuset); cpu >= 0;
         cpu = hwloc_bitmap_next(core->cpuset, cpu)) {
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%d", at > 0 ? "," : "", cpu);
        if (at + 16 > sizeof list)
            return false;
    }
    const int length = snprintf(text + used, size - used, "%s{%s}", used > 0 ? "," : "", list);
    return length > 0 && (size_t)length < size - used;
}

bool gv_topology_places(const gv_topology *t, int32_t n_threads, char *text, size_t size)
{
    int32_t share[MAX_NODES];
    const int32_t n_nodes = count(t, HWLOC_OBJ_NUMANODE);
    int32_t placed = 0;
    text[0] = '\0';
    if (n_threads < 1 || n_threads > count(t, core_type(t)) || n_nodes < 1 || n_nodes > MAX_NODES)
        return false;
    deal(t, n_threads, n_nodes, share);
    for (int32_t i = 0; i < n_nodes; i++) {
        const hwloc_obj_t node = hwloc_get_obj_by_type(t->hwloc, HWLOC_OBJ_NUMANODE, (unsigned)i);
        for (int32_t k = 0; k < share[i]; k++, placed++)
            if (!append_place(t, node->cpuset, k, text, size)) {
                text[0] = '\0';
                return false;
            }
    }
    if (placed < n_threads)
        text[0] = '\0';
    return placed == n_threads;
}

/* ---- memory nodes -------------------------------------------------------------------------- */

bool gv_topology_has_nodes(const gv_topology *t)
{
    return t != NULL && count(t, HWLOC_OBJ_NUMANODE) > 1;
}

bool gv_topology_interleave(const gv_topology *t, void *block, size_t bytes)
{
    if (!gv_topology_has_nodes(t) || !t->here)
        return false;
    return hwloc_set_area_membind(t->hwloc, block, bytes,
                                  hwloc_topology_get_topology_nodeset(t->hwloc),
                                  HWLOC_MEMBIND_INTERLEAVE, HWLOC_MEMBIND_BYNODESET) == 0;
}

/* ---- this machine -------------------------------------------------------------------------- */

GV_API gv_machine gv_machine_look(void)
{
    gv_machine m = {0};
    char list[LIST_CHARS];
    gv_topology *t = gv_topology_load(NULL);
    if (t != NULL)
        m = gv_topology_describe(t);
    gv_topology_free(t);
    m.bound = gv_runtime_places(list, sizeof list);
    return m;
}

GV_API int32_t gv_machine_threads(int32_t most)
{
    const int32_t runtime = gv_runtime_threads();
    const int32_t cores = gv_machine_look().cores;
    const int32_t fit = cores > 0 && cores < runtime ? cores : runtime;
    return most > 0 && most < fit ? most : fit;
}

GV_API bool gv_machine_places(int32_t n_threads, char *text, size_t size)
{
    gv_topology *t = gv_topology_load(NULL);
    text[0] = '\0';
    const bool fine = t != NULL && gv_topology_places(t, n_threads, text, size);
    gv_topology_free(t);
    return fine;
}
