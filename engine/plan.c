/* plan.c -- see plan.h: phases, items, and the sums over what lives together. */
#include "grapevine/plan.h"

#include <stdio.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "engine/error.h"
#include "engine/memory.h"
#include "engine/model.h"

struct gv_plan {
    gv_context *ctx;
    gv_plan_phase *phase;
    gv_plan_item *item;
    int32_t n_phases, n_items;
    int32_t phase_room, item_room;
    bool failed;
};

GV_API gv_status gv_plan_create(gv_context *ctx, gv_plan **out, gv_error *err)
{
    gv_plan *plan = gv_alloc_zero(ctx, 1, sizeof *plan);
    if (plan == NULL)
        return gv_no_memory(ctx, "plan", err);
    plan->ctx = ctx;
    *out = plan;
    return GV_OK;
}

GV_API void gv_plan_free(gv_plan *plan)
{
    if (plan == NULL)
        return;
    gv_free(plan->ctx, plan->item);
    gv_free(plan->ctx, plan->phase);
    gv_free(plan->ctx, plan);
}

GV_API gv_status gv_plan_check(const gv_plan *plan, gv_error *err)
{
    return plan->failed ? gv_no_memory(plan->ctx, "plan", err) : GV_OK;
}

/* ---- adding --------------------------------------------------------------------------------- */

GV_API void gv_plan_begin(gv_plan *plan, const char *phase, double seconds)
{
    if (plan->n_phases == plan->phase_room) {
        const int32_t room = 2 * plan->phase_room + 16;
        gv_plan_phase *moved = gv_realloc(plan->ctx, plan->phase, room, sizeof *moved);
        if (moved == NULL) {
            plan->failed = true;
            return;
        }
        plan->phase = moved;
        plan->phase_room = room;
    }
    gv_plan_phase *p = &plan->phase[plan->n_phases++];
    *p = (gv_plan_phase){.seconds = seconds};
    snprintf(p->name, sizeof p->name, "%s", phase);
}

GV_API int32_t gv_plan_hold(gv_plan *plan, gv_plan_kind kind, const char *name, int64_t bytes)
{
    if (bytes == 0 || (bytes < 0 && kind != GV_PLAN_RESIDENT))
        return -1;
    if (plan->n_phases == 0)
        gv_plan_begin(plan, "start", 0.0);
    if (plan->n_items == plan->item_room) {
        const int32_t room = 2 * plan->item_room + 32;
        gv_plan_item *moved = gv_realloc(plan->ctx, plan->item, room, sizeof *moved);
        if (moved == NULL) {
            plan->failed = true;
            return -1;
        }
        plan->item = moved;
        plan->item_room = room;
    }
    gv_plan_item *i = &plan->item[plan->n_items];
    *i = (gv_plan_item){
        .kind = kind, .first = plan->n_phases - 1, .last = INT32_MAX, .bytes = bytes};
    snprintf(i->name, sizeof i->name, "%s", name);
    return plan->n_items++;
}

GV_API void gv_plan_drop(gv_plan *plan, int32_t item)
{
    if (item >= 0 && item < plan->n_items)
        plan->item[item].last = plan->n_phases - 1;
}

GV_API void gv_plan_use(gv_plan *plan, gv_plan_kind kind, const char *name, int64_t bytes)
{
    gv_plan_drop(plan, gv_plan_hold(plan, kind, name, bytes));
}

/* ---- asking --------------------------------------------------------------------------------- */

GV_API int32_t gv_plan_phases(const gv_plan *plan)
{
    return plan->n_phases;
}

GV_API gv_plan_phase gv_plan_phase_at(const gv_plan *plan, int32_t phase)
{
    gv_plan_phase p = plan->phase[phase];
    for (int32_t i = 0; i < plan->n_items; i++) {
        const gv_plan_item *item = &plan->item[i];
        if (phase < item->first || phase > item->last)
            continue;
        if (item->kind == GV_PLAN_MEMORY || item->kind == GV_PLAN_RESERVED)
            p.memory += item->bytes;
        if (item->kind == GV_PLAN_MEMORY || item->kind == GV_PLAN_RESIDENT)
            p.resident += item->bytes;
        if (item->kind == GV_PLAN_DISK)
            p.disk += item->bytes;
    }
    return p;
}

GV_API int32_t gv_plan_items(const gv_plan *plan)
{
    return plan->n_items;
}

GV_API gv_plan_item gv_plan_item_at(const gv_plan *plan, int32_t item)
{
    return plan->item[item];
}

/* Outputs up to a phase. */
static int64_t outputs_until(const gv_plan *plan, int32_t phase)
{
    int64_t sum = 0;
    for (int32_t i = 0; i < plan->n_items; i++)
        if (plan->item[i].kind == GV_PLAN_OUTPUT && plan->item[i].first <= phase)
            sum += plan->item[i].bytes;
    return sum;
}

GV_API gv_plan_sums gv_plan_sum(const gv_plan *plan)
{
    gv_plan_sums s = {.widest = -1, .output = outputs_until(plan, plan->n_phases)};
    for (int32_t i = 0; i < plan->n_phases; i++) {
        const gv_plan_phase p = gv_plan_phase_at(plan, i);
        s.seconds += p.seconds;
        s.memory = p.memory > s.memory ? p.memory : s.memory;
        s.disk = p.disk > s.disk ? p.disk : s.disk;
        const int64_t space = p.disk + outputs_until(plan, i);
        s.space = space > s.space ? space : s.space;
        if (s.widest < 0 || p.resident > s.resident) {
            s.resident = p.resident;
            s.widest = i;
        }
    }
    return s;
}

/* ---- shapes --------------------------------------------------------------------------------- */

GV_API gv_graph_shape gv_graph_shape_of(const gv_graph *g)
{
    return (gv_graph_shape){.n_nodes = g->n_nodes,
                            .n_edges = g->n_edges,
                            .directed = g->directed,
                            .rule = g->rule,
                            .id_kind = g->id_kind,
                            .id_width = g->id_width,
                            .n_attributes = g->n_attributes};
}

GV_API unsigned gv_graph_parts(unsigned uses)
{
    const bool p = (uses & GV_USES_PROBABILITY) != 0;
    const bool out = (uses & GV_USES_OUT) != 0 || (p && (uses & GV_USES_IN) == 0);
    unsigned parts = 0;
    if (out)
        parts |= GV_PART_OUT_INDPTR | GV_PART_OUT_INDICES;
    if ((uses & GV_USES_IN) != 0)
        parts |= GV_PART_IN_INDPTR | GV_PART_IN_INDICES;
    if ((uses & GV_USES_OUT_OFFSETS) != 0)
        parts |= GV_PART_OUT_INDPTR;
    if ((uses & GV_USES_IN_OFFSETS) != 0)
        parts |= GV_PART_IN_INDPTR;
    if ((p && out) || (uses & GV_USES_OUT_PROBABILITY) != 0)
        parts |= GV_PART_OUT_PROBABILITY;
    if (p && (uses & GV_USES_IN) != 0)
        parts |= GV_PART_IN_PROBABILITY;
    return (uses & GV_USES_IDS) != 0 ? parts | GV_PART_IDS : parts;
}

GV_API int64_t gv_graph_bytes(const gv_graph_shape *g, unsigned parts)
{
    if (!g->directed) /* the rows of one direction are those of the other */
        parts = (parts & ~(unsigned)(GV_PART_IN_INDPTR | GV_PART_IN_INDICES)) |
                ((parts & (GV_PART_IN_INDPTR | GV_PART_IN_INDICES)) >> 3);
    const int64_t indptr = 8 * (g->n_nodes + 1), indices = 4 * g->n_edges;
    const int64_t probability = g->rule == GV_PROBABILITY_STORED ? 4 * g->n_edges : 0;
    const int64_t id = g->id_kind == GV_ID_INT ? 8 : g->id_width;
    int64_t bytes = 0;
    bytes += (parts & GV_PART_OUT_INDPTR) != 0 ? indptr : 0;
    bytes += (parts & GV_PART_IN_INDPTR) != 0 ? indptr : 0;
    bytes += (parts & GV_PART_OUT_INDICES) != 0 ? indices : 0;
    bytes += (parts & GV_PART_IN_INDICES) != 0 ? indices : 0;
    bytes += (parts & GV_PART_OUT_PROBABILITY) != 0 ? probability : 0;
    bytes += (parts & GV_PART_IN_PROBABILITY) != 0 ? probability : 0;
    bytes += (parts & GV_PART_IDS) != 0 ? id * g->n_nodes : 0;
    bytes += (parts & GV_PART_ATTRIBUTES) != 0 ? 4 * g->n_nodes * g->n_attributes : 0;
    return bytes;
}

GV_API gv_model_shape gv_model_shape_of(const gv_model *m)
{
    return (gv_model_shape){.n_nodes = m->n_nodes,
                            .n_topics = m->n_topics,
                            .pairs = m->pairs.indptr[m->n_nodes],
                            .evidence = m->evidence.indptr[m->n_nodes],
                            .strengths = m->usual != NULL};
}

GV_API int64_t gv_model_bytes(const gv_model_shape *m)
{
    const int64_t by_node = 8 * 2 * (m->n_nodes + 1) + 4 * m->n_nodes + /* two indptr, target */
                            (m->strengths ? 4 * m->n_nodes : 0);
    const int64_t pair = 4 + 4 + 8 + 4 + 4 + 4 + 8, evidence = 3 * 8;
    return by_node + pair * m->pairs + evidence * m->evidence;
}

GV_API int64_t gv_graph_resting(const gv_graph_shape *g, int64_t limit)
{
    const int64_t edges = gv_graph_bytes(g, GV_PART_IN_INDICES | GV_PART_OUT_INDICES);
    const int64_t stretch = g->n_nodes > 0 ? 4 * GV_STRETCH * g->n_edges / g->n_nodes : 0;
    return gv_edges_rest(g->n_edges, limit) && edges > stretch ? edges - stretch : 0;
}

GV_API int64_t gv_model_resting(const gv_graph_shape *g, const gv_model_shape *m, int64_t limit)
{
    const int64_t by_node = 8 * 2 * (m->n_nodes + 1) + 4 * m->n_nodes;
    return gv_edges_rest(g->n_edges, limit) ? gv_model_bytes(m) - by_node : 0;
}

GV_API gv_context *gv_plan_context(const gv_plan *plan)
{
    return plan->ctx;
}
