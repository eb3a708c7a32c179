/* topology.h -- the machine as hwloc sees it. topology.c is the only user of hwloc.h. */
#ifndef ENGINE_TOPOLOGY_H
#define ENGINE_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grapevine/machine.h"

typedef struct gv_topology gv_topology;

/* Where a topology comes from; all NULL is this machine and what the process may use of it. */
typedef struct gv_topology_source {
    const char *synthetic; /* hwloc's notation: "pack:2 [numa] core:8 pu:2" */
    const char *xml;       /* path of a machine recorded by lstopo */
    const char *allowed;   /* cpus that the process may use: "0-3,8"; NULL: all of them */
} gv_topology_source;

/* NULL when hwloc cannot load it, or no cpu of it is allowed. To be freed with
 * gv_topology_free(), which accepts NULL. */
gv_topology *gv_topology_load(const gv_topology_source *source);
void gv_topology_free(gv_topology *t);

/* `bound` is left 0. */
gv_machine gv_topology_describe(const gv_topology *t);

/* gv_machine_places() on that machine. */
bool gv_topology_places(const gv_topology *t, int32_t n_threads, char *text, size_t size);

/* Spreads the pages of [block, block + bytes), not yet touched, over the memory nodes in turn. On
 * one node, or another machine than this, it does nothing and returns false. */
bool gv_topology_interleave(const gv_topology *t, void *block, size_t bytes);

/* The decision behind it: whether there is more than one node to spread over. */
bool gv_topology_has_nodes(const gv_topology *t);

#endif
