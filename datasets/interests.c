/* interests.c -- see interests.h.
 *
 * A community's interest in a topic is lognormal with mean 1, drawn for (seed, topic, first
 * member). Friends mostly share a community and so its interests: this is homophily, likeness
 * without influence, and any method that learns influence from purchases has to tell the two apart.
 */
#include "datasets/interests.h"

#include "datasets/draw.h"
#include "datasets/places.h"
#include "engine/memory.h"
#include "engine/parallel.h"

static const double per_year = 0.024; /* spontaneous purchases of an item by a consumer */
static const double sigma = 0.6;

typedef struct task {
    const gv_consumers_opts *opts;
    gv_interests *interests;
    int64_t *offset; /* [districts + 1], communities before */
} task;

static void count_district(void *arg, int64_t district)
{
    const task *t = arg;
    gv_district d;
    gv_district_make(t->opts->seed, t->opts->consumers, district, &d);
    t->offset[district] = d.communities;
}

static void fill_district(void *arg, int64_t district)
{
    const task *t = arg;
    gv_interests *in = t->interests;
    gv_district d;
    gv_district_make(t->opts->seed, t->opts->consumers, district, &d);
    for (int32_t c = 0; c < d.communities; c++) {
        const int64_t at = t->offset[district] + c, first = d.first + d.community[c];
        in->first[at] = first;
        for (int32_t z = 0; z < t->opts->topics; z++) {
            const gv_random r =
                gv_drawn(t->opts->seed, GV_DRAW_INTEREST, (uint64_t)z, (uint64_t)first);
            in->rate[(int64_t)z * in->communities + at] =
                gv_draw_lognormal(gv_random_u64(r, 0), per_year * t->opts->days / 365.0, sigma);
        }
    }
}

gv_status gv_interests_make(gv_context *ctx, const gv_consumers_opts *opts, gv_interests *out,
                            gv_error *err)
{
    *out = (gv_interests){0};
    const int64_t districts = gv_districts(opts->consumers);
    task t = {.opts = opts, .interests = out};
    t.offset = gv_alloc(ctx, districts + 1, sizeof *t.offset);
    if (t.offset == NULL)
        return gv_no_memory(ctx, "the communities of a population", err);
    gv_parallel_for(ctx, districts, count_district, &t);
    out->communities = gv_prefix_sum(t.offset, districts);
    out->first = gv_alloc(ctx, out->communities + 1, sizeof *out->first);
    out->rate = gv_alloc(ctx, out->communities * opts->topics, sizeof *out->rate);
    gv_status st = GV_OK;
    if (out->first == NULL || out->rate == NULL) {
        st = gv_no_memory(ctx, "the interests of a population", err);
    } else {
        gv_parallel_for(ctx, districts, fill_district, &t);
        out->first[out->communities] = opts->consumers;
    }
    gv_free(ctx, t.offset);
    return st;
}

void gv_interests_free(gv_context *ctx, gv_interests *interests)
{
    gv_free(ctx, interests->first);
    gv_free(ctx, interests->rate);
    *interests = (gv_interests){0};
}
