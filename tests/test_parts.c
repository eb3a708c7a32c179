/* test_parts.c -- cascades read back from results files, and what goes from file to file. */
#include "engine/context.h"
#include "grapevine/parts.h"
#include "greatest.h"
#include "support/files.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static char folder[TEST_PATH];

enum { N = 30, SEEDS = 3, WORLDS = 20 };
static const gv_node seeds[SEEDS] = {2, 7, 20};

/* What is written differently from a run of the program. */
typedef struct fault {
    const char *without, *short_array, *more; /* names of arrays, or NULL */
    const char *attribute;                    /* one more */
} fault;

typedef struct entry {
    const char *name;
    gv_type type;
    int rank;
    int64_t dims[2];
    const void *data;
} entry;

static gv_status put_arrays(gv_results *r, const char *group, const gv_cascade_result *c,
                            const fault *f)
{
    const entry all[] = {
        {"seeds", GV_I32, 1, {SEEDS}, c->seeds},
        {"seed_ext_id", GV_I32, 1, {SEEDS}, c->seeds},
        {"spread", GV_I64, 1, {WORLDS}, c->spread},
        {"mean", GV_F64, 1, {1}, &c->mean},
        {"sd", GV_F64, 1, {1}, &c->sd},
        {"stderr", GV_F64, 1, {1}, &c->stderr_mean},
        {"outward_mean", GV_F64, 1, {1}, &c->outward_mean},
        {"quantile", GV_I64, 1, {GV_CASCADE_QUANTILES}, c->quantile},
        {"quantile_level", GV_F64, 1, {GV_CASCADE_QUANTILES}, gv_cascade_quantile_levels()},
        {"curve_sum", GV_I64, 1, {c->curve_length}, c->curve_sum},
        {"curve_sumsq", GV_I64, 2, {c->curve_length, 2}, c->curve_sumsq},
        {"activation_count", GV_I32, 1, {N}, c->activation_count},
        {"blocked", GV_I32, 1, {1}, c->seeds},
    };
    gv_status st = GV_OK;
    char path[128];
    for (size_t i = 0; st == GV_OK && i < sizeof all / sizeof *all; i++) {
        int64_t dims[2] = {all[i].dims[0], all[i].dims[1]};
        snprintf(path, sizeof path, "%s/%s", group, all[i].name);
        if (f->without != NULL && strcmp(f->without, all[i].name) == 0)
            continue;
        dims[0] -= f->short_array != NULL && strcmp(f->short_array, all[i].name) == 0;
        st = gv_results_put(r, path, all[i].type, all[i].rank, dims, all[i].data, &err);
    }
    snprintf(path, sizeof path, "%s/%s", group, f->more != NULL ? f->more : "");
    return st == GV_OK && f->more != NULL
               ? gv_results_put(r, path, GV_I32, 1, (const int64_t[]){SEEDS}, seeds, &err)
               : st;
}

static gv_status put_cascade(gv_results *r, const char *group, const gv_cascade_result *c,
                             const fault *f)
{
    gv_status st = put_arrays(r, group, c, f);
    if (st == GV_OK)
        st = gv_results_attr_text(r, group, "model", "independent cascade", &err);
    if (st == GV_OK)
        st = gv_results_attr_text(r, group, "rng", gv_cascade_rng(c->kernel, c->diffusion), &err);
    if (st == GV_OK)
        st = gv_results_attr_text(r, group, "probability", "graph", &err);
    if (st == GV_OK)
        st = gv_results_attr_i64(r, group, "first_world", c->first_world, &err);
    if (st == GV_OK)
        st = gv_results_attr_i64(r, group, "n_sims", c->n_worlds, &err);
    if (st == GV_OK)
        st = gv_results_attr_i64(r, group, "max_steps", -1, &err);
    if (st == GV_OK)
        st = gv_results_attr_i64(r, group, "weight_scale", 1, &err);
    return st == GV_OK && f->attribute != NULL
               ? gv_results_attr_i64(r, group, f->attribute, 1, &err)
               : st;
}

/* Writes the worlds from `first` on in each of the `groups`; returns the path. */
static const char *write_results(const char *name, const char *const *groups, int64_t first,
                                 const fault *f)
{
    static char path[TEST_PATH];
    gv_context *ctx = test_context(2, -1);
    edge_list e = edges_gnp(N, 0.1, 3);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_cascade_opts o = gv_cascade_defaults();
    gv_cascade_result *c = NULL;
    gv_results *r = NULL;
    o.first_world = first, o.n_worlds = WORLDS, o.activation = true;
    gv_status st = gv_cascade(ctx, g, NULL, seeds, SEEDS, &o, &c, &err);
    if (st == GV_OK)
        st = gv_results_create(ctx, test_path(folder, name, path), true, g, 1, &r, &err);
    for (int i = 0; st == GV_OK && groups[i] != NULL; i++)
        st = put_cascade(r, groups[i], c, f);
    if (st == GV_OK)
        st = gv_results_put_nodes(r, g, &err);
    if (st == GV_OK)
        st = gv_results_provenance(r, "cascade:\n  sims: 20\n", &err);
    if (st == GV_OK)
        st = gv_results_commit(&r, &err);
    if (st != GV_OK) {
        printf("%s\n", err.message);
        exit(EXIT_FAILURE);
    }
    gv_cascade_free(c);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    return path;
}

static const char *const one[] = {"/cascade/default", NULL};
static const fault none = {.more = NULL};

TEST reads_what_was_written(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_file *f = NULL;
    gv_cascade_part p;
    ASSERT_EQ(GV_OK, gv_file_open(ctx, write_results("a.h5", one, 40, &none), &f, &err));
    ASSERT_EQ(GV_OK, gv_file_cascade_part(f, 0, &p, &err));
    ASSERT_STR_EQ("default", p.name);
    ASSERT_EQ(SEEDS, p.result.n_seeds);
    ASSERT_MEM_EQ(seeds, p.result.seeds, sizeof seeds);
    ASSERT_EQ(40, p.result.first_world);
    ASSERT_EQ(WORLDS, p.result.n_worlds);
    ASSERT_EQ(1, p.n_blocked);
    ASSERT_EQ(-1, p.max_steps);
    ASSERT(p.result.acceptance == NULL && p.result.value == NULL);
    ASSERT_STR_EQ("", p.topic);
    ASSERT_FALSE(p.to_target);
    int64_t spread = 0, curve = 0, count = 0;
    for (int r = 0; r < WORLDS; r++)
        spread += p.result.spread[r];
    for (int64_t t = 0; t < p.result.curve_length; t++)
        curve += p.result.curve_sum[t];
    for (int v = 0; v < N; v++)
        count += p.result.activation_count[v];
    ASSERT_EQ(spread, curve);
    ASSERT_EQ(spread, count);
    ASSERT_EQ(GV_ERR_RANGE, gv_file_cascade_part(f, 1, &p, &err));
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

/* Sets in the order of a run: by number if all names are numbers. */
TEST orders_sets(void)
{
    static const char *const numbers[] = {"/cascade/d_9", "/cascade/d_10", "/cascade/d_2", NULL},
                             *const words[] = {"/cascade/d_9", "/cascade/d_10", "/cascade/d_b",
                                               NULL};
    gv_context *ctx = test_context(1, -1);
    gv_file *f = NULL;
    int64_t order[3];
    ASSERT_EQ(GV_OK, gv_file_open(ctx, write_results("n.h5", numbers, 0, &none), &f, &err));
    ASSERT_EQ(GV_OK, gv_file_cascade_order(f, "d", order, &err));
    ASSERT(order[0] == 1 && order[1] == 2 && order[2] == 0);
    ASSERT_EQ(GV_ERR_DATA, gv_file_cascade_order(f, "e", order, &err));
    gv_file_close(f);
    ASSERT_EQ(GV_OK, gv_file_open(ctx, write_results("w.h5", words, 0, &none), &f, &err));
    ASSERT_EQ(GV_OK, gv_file_cascade_order(f, "d", order, &err));
    ASSERT(order[0] == 0 && order[1] == 1 && order[2] == 2);
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

static enum greatest_test_res refused(const fault *wrong, const char *words)
{
    gv_context *ctx = test_context(1, -1);
    gv_file *f = NULL;
    gv_cascade_part p;
    ASSERT_EQ(GV_OK, gv_file_open(ctx, write_results("bad.h5", one, 0, wrong), &f, &err));
    ASSERT_EQ(GV_ERR_DATA, gv_file_cascade_part(f, 0, &p, &err));
    if (strstr(err.message, words) == NULL)
        FAILm(err.message);
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

TEST refuses(void)
{
    CHECK_CALL(refused(&(fault){.without = "spread"}, "default/spread: is missing"));
    CHECK_CALL(refused(&(fault){.without = "quantile"}, "default/quantile: is missing"));
    CHECK_CALL(refused(&(fault){.without = "seeds"}, "default/seeds: is not a vector"));
    CHECK_CALL(refused(&(fault){.short_array = "activation_count"}, "is int32[29], not int32[30]"));
    CHECK_CALL(refused(&(fault){.short_array = "curve_sumsq"}, "curve_sumsq: is int64["));
    CHECK_CALL(refused(&(fault){.more = "colour"}, "colour: is not known to this version"));
    CHECK_CALL(refused(&(fault){.attribute = "colour"}, "@colour: is not known to this version"));
    PASS();
}

/* Root, consumers, options and an array of another file. */
static gv_status copy(gv_context *ctx, const char *from, const char *to)
{
    gv_file *f = NULL;
    gv_results *r = NULL;
    char *yaml = NULL;
    gv_status st = gv_file_open(ctx, from, &f, &err);
    if (st == GV_OK)
        st = gv_file_provenance(ctx, f, &yaml, &err);
    if (st == GV_OK)
        st = gv_results_create_from(ctx, to, true, f, &r, &err);
    if (st == GV_OK)
        st = gv_results_copy(r, f, "/cascade/default/spread", &err);
    if (st == GV_OK)
        st = gv_results_put_nodes_from(r, f, &err);
    if (st == GV_OK)
        st = gv_results_provenance(r, yaml, &err);
    if (st == GV_OK)
        st = gv_results_commit(&r, &err);
    gv_results_discard(r);
    gv_context_release(ctx, yaml);
    gv_file_close(f);
    return st;
}

TEST copies(void)
{
    char from[TEST_PATH], to[TEST_PATH];
    gv_context *ctx = test_context(1, -1);
    gv_file *a = NULL, *b = NULL;
    gv_file_origin x, y;
    snprintf(from, sizeof from, "%s", write_results("from.h5", one, 0, &none));
    ASSERT_EQ(GV_OK, copy(ctx, from, test_path(folder, "to.h5", to)));
    ASSERT_EQ(GV_OK, gv_file_open(ctx, from, &a, &err));
    ASSERT_EQ(GV_OK, gv_file_open(ctx, to, &b, &err));
    memset(&x, 0, sizeof x), memset(&y, 0, sizeof y);
    ASSERT_EQ(GV_OK, gv_file_read_origin(a, &x, &err));
    ASSERT_EQ(GV_OK, gv_file_read_origin(b, &y, &err));
    ASSERT_MEM_EQ(&x, &y, sizeof x);
    ASSERT_EQ(N, y.n_nodes);
    gv_file_close(a), gv_file_close(b);
    gv_context_free(ctx);
    int64_t k = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; k++) {
        ctx = test_context(2, k);
        st = copy(ctx, from, to);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 3);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    static const char *const sets[] = {"/cascade/d_9", "/cascade/d_10", NULL};
    char path[TEST_PATH];
    snprintf(path, sizeof path, "%s", write_results("sets.h5", sets, 0, &none));
    int64_t k = 0, order[2];
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; k++) {
        gv_context *ctx = test_context(2, k);
        gv_file *f = NULL;
        gv_cascade_part p;
        st = gv_file_open(ctx, path, &f, &err);
        if (st == GV_OK)
            st = gv_file_cascade_order(f, "d", order, &err);
        if (st == GV_OK)
            st = gv_file_cascade_part(f, 1, &p, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        gv_file_close(f);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT_GT(k, 5);
    PASS();
}

SUITE(parts)
{
    test_folder(folder);
    RUN_TEST(reads_what_was_written);
    RUN_TEST(orders_sets);
    RUN_TEST(refuses);
    RUN_TEST(copies);
    RUN_TEST(survives_every_failed_allocation);
    test_remove(folder);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(parts);
    GREATEST_MAIN_END();
}
