/* test_verify.c -- sound files pass; a changed byte in any array is found and named; so are arrays
 * that have the right checksums and do not fit together. */
#include "greatest.h"

#include <math.h>

#include "engine/context.h"
#include "engine/csr.h"
#include "engine/hash.h"
#include "grapevine/info.h"
#include "io/graph_file.h"
#include "io/h5.h"
#include "tests/support/graphs.h"
#include "tests/support/models.h"
#include "tests/support/results.h"

/* HDF5 1.10 leaks when it meets a damaged file, which is not ours to mend. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libhdf5";
}

static gv_error err;
static test_results *t;
static char model[TEST_PATH];

typedef struct seen {
    int groups, properties;
    int64_t arrays, bytes;
} seen;

static void count(void *data, const char *what, int64_t arrays, int64_t bytes)
{
    seen *s = data;
    s->groups += arrays > 0;
    s->properties += arrays == 0 && what[0] != '\0';
    s->arrays += arrays, s->bytes += bytes;
}

static gv_status verify(const char *path, int32_t threads)
{
    gv_context *ctx = test_context(threads, -1);
    const gv_status st = gv_file_verify(ctx, path, NULL, NULL, &err);
    gv_context_free(ctx);
    return st;
}

static const char *file_of(int kind)
{
    return kind == 0 ? t->graph : kind == 1 ? model : kind == 2 ? t->truth : t->results;
}

TEST sound_files_pass(int kind)
{
    gv_context *ctx = test_context(3, -1);
    seen s = {0};
    gv_file *f = NULL;
    ASSERT_EQ(GV_OK, gv_file_verify(ctx, file_of(kind), count, &s, &err));
    ASSERT_EQ(GV_OK, gv_file_open(ctx, file_of(kind), &f, &err));
    ASSERT_EQ(gv_file_describe(f).n_entries, s.arrays);
    ASSERT(s.groups >= 3);
    ASSERT(s.properties >= 1);
    gv_file_close(f);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Every array that lies in one piece, its last byte changed. */
TEST a_changed_byte_is_named(int kind)
{
    gv_context *ctx = test_context(1, -1);
    gv_file *f = NULL;
    gv_h5 *h5 = NULL;
    char bad[TEST_PATH];
    int64_t size = 0;
    int changed = 0;
    char *bytes = test_bytes(file_of(kind), &size);
    test_path(t->folder, "bad.h5", bad);
    ASSERT_EQ(GV_OK, gv_file_open(ctx, file_of(kind), &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_open(ctx, file_of(kind), &h5, &err));
    for (int64_t i = 0; i < gv_file_describe(f).n_entries; i++) {
        gv_h5_info at;
        const gv_file_entry *e = gv_file_entry_at(f, i);
        ASSERT_EQ(GV_OK, gv_h5_look(h5, e->path, &at, &err));
        if (at.offset < 0)
            continue;
        const int64_t last = at.offset + at.bytes - 1;
        bytes[last] = (char)(bytes[last] ^ 1);
        ASSERT(test_write(bad, bytes, size));
        bytes[last] = (char)(bytes[last] ^ 1);
        ASSERT_EQ(GV_ERR_DATA, verify(bad, 2));
        ASSERT(strstr(err.message, "bad.h5: /") != NULL);
        changed++;
    }
    ASSERT(changed >= 4);
    free(bytes);
    gv_h5_close(h5);
    gv_file_close(f);
    gv_context_free(ctx);
    PASS();
}

/* Whether byte `at` belongs to the texts of attributes: a heap that starts with "GCOL", or one of
 * the references to it (length, place, index: 4, 8 and 4 bytes). HDF5 1.10 follows these without
 * looking, and may step out of its memory before anybody else can. */
static bool of_a_text(const char *bytes, int64_t size, int64_t at)
{
    for (int64_t heap = 0; heap + 16 <= size; heap += 8) {
        int64_t length, place;
        if (memcmp(bytes + heap, "GCOL", 4) != 0)
            continue;
        memcpy(&length, bytes + heap + 8, sizeof length);
        if (at >= heap && at < heap + length)
            return true;
        for (int64_t i = at - 11 < 4 ? 4 : at - 11; i <= at + 4 && i + 12 <= size; i++) {
            memcpy(&place, bytes + i, sizeof place);
            if (place == heap && at >= i - 4 && at < i + 12)
                return true;
        }
    }
    return false;
}

/* Anywhere else in the file: found, or a byte that nothing depends on. */
TEST scrambled_bytes_never_crash(int kind)
{
    char bad[TEST_PATH];
    int64_t size = 0;
    int refused = 0;
    char *bytes = test_bytes(file_of(kind), &size);
    test_path(t->folder, "bad.h5", bad);
    for (int64_t at = 0; at < size; at += at < 4096 ? 61 : 2039) {
        if (of_a_text(bytes, size, at))
            continue;
        bytes[at] = (char)(bytes[at] ^ 0xff);
        ASSERT(test_write(bad, bytes, size));
        bytes[at] = (char)(bytes[at] ^ 0xff);
        refused += verify(bad, 1) != GV_OK;
    }
    ASSERT(refused > 10);
    for (int64_t length = 0; length < size; length += 1 + size / 40) {
        ASSERT(test_write(bad, bytes, length));
        ASSERT_EQ(GV_ERR_DATA, verify(bad, 1));
    }
    free(bytes);
    PASS();
}

/* ---- graphs whose checksums are right -------------------------------------------------------- */

/* Saves `g` as it is, lies and all. */
static bool save(gv_context *ctx, gv_graph *g, char *path)
{
    return gv_graph_save(ctx, g, test_path(t->folder, "lie.h5", path), true, &err) == GV_OK;
}

TEST lying_graphs_are_found(void)
{
    gv_context *ctx = test_context(2, -1);
    char path[TEST_PATH];
    edge_list e = edges_none(4);
    edges_add(&e, 0, 1, .5), edges_add(&e, 0, 2, .25), edges_add(&e, 2, 1, 1);
    gv_graph *g = edges_graph_weighted(ctx, &e);
    gv_node *in = (gv_node *)(uintptr_t)g->in.indices;
    float *p = (float *)(uintptr_t)g->in.probability;
    ASSERT(save(ctx, g, path));
    ASSERT_EQ(GV_OK, verify(path, 2));
    in[1] = 3; /* 3 -> 1 instead of 2 -> 1 */
    ASSERT(save(ctx, g, path));
    ASSERT_EQ(GV_ERR_DATA, verify(path, 2));
    ASSERT(strstr(err.message, "/in/indices[1] = 3: this edge is not in /out") != NULL);
    in[1] = 2;
    p[2] = .75F;
    ASSERT(save(ctx, g, path));
    ASSERT_EQ(GV_ERR_DATA, verify(path, 3));
    ASSERT(strstr(err.message, "/in/indices[2] = 0: this edge is not in /out") != NULL);
    p[2] = 1.5F;
    ASSERT(save(ctx, g, path));
    ASSERT_EQ(GV_ERR_DATA, verify(path, 1));
    ASSERT(strstr(err.message, "/in/probability[2] = 1.5 is not in [0, 1]") != NULL);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

TEST an_undirected_graph_has_both_ways(void)
{
    gv_context *ctx = test_context(2, -1);
    char path[TEST_PATH];
    gv_build_opts o = gv_build_defaults();
    o.undirected = true;
    edge_list e = edges_path(4);
    gv_graph *g = edges_graph(ctx, &e, &o);
    ASSERT(save(ctx, g, path));
    ASSERT_EQ(GV_OK, verify(path, 2));
    gv_graph_free(g);
    g = edges_graph(ctx, &e, NULL);
    g->directed = false; /* which makes /in a link to /out */
    ASSERT(save(ctx, g, path));
    ASSERT_EQ(GV_ERR_DATA, verify(path, 2));
    ASSERT(strstr(err.message, "/in/indices[0] = 1: this edge is not in /out in the other "
                               "direction") != NULL);
    gv_graph_free(g), edges_free(&e);
    gv_context_free(ctx);
    PASS();
}

/* ---- files with one thing changed ------------------------------------------------------------ */

typedef struct copier {
    gv_h5 *from, *to;
    const char *replace, *leave; /* paths; NULL for none */
    const void *data;
} copier;

static gv_status copy_one(copier *c, const gv_file_entry *e)
{
    gv_h5_info at;
    gv_status st = gv_h5_look(c->from, e->path, &at, &err);
    char *bytes = calloc((size_t)at.bytes + 1, 1);
    if (st == GV_OK)
        st = gv_h5_read(c->from, e->path, bytes, &err);
    if (c->replace != NULL && strcmp(c->replace, e->path) == 0)
        memcpy(bytes, c->data, at.bytes < 8 ? (size_t)at.bytes : 8);
    const bool left = c->leave != NULL && strcmp(c->leave, e->path) == 0;
    if (st == GV_OK && !left)
        st = gv_h5_write(c->to, e->path, &at.shape, bytes, NULL, &err);
    free(bytes);
    return st;
}

/* The results file anew, with the first bytes of `replace` taken from data, or without `leave`;
 * checksums are right. */
static bool rewrite(gv_context *ctx, const char *replace, const void *data, const char *leave,
                    char *path)
{
    gv_file *f = NULL;
    copier c = {.replace = replace, .leave = leave, .data = data};
    bool fine = gv_file_open(ctx, t->results, &f, &err) == GV_OK &&
                gv_h5_open(ctx, t->results, &c.from, &err) == GV_OK &&
                gv_h5_create(ctx, test_path(t->folder, "new.h5", path), true, "grapevine-results",
                             1, &c.to, &err) == GV_OK;
    for (int64_t i = 0; fine && i < gv_file_describe(f).n_entries; i++)
        fine = copy_one(&c, gv_file_entry_at(f, i)) == GV_OK;
    static const char *const lists[] = {"/influencers", "/prospects"};
    for (int i = 0; i < 2 && fine; i++)
        fine = gv_h5_set_text(c.to, lists[i], "encoding-type", "csr_matrix", &err) == GV_OK &&
               gv_h5_set_pair(c.to, lists[i], "shape", t->z, t->n, &err) == GV_OK;
    char hash[GV_HASH_CHARS + 1];
    static const char yaml[] = "influence:\n  quantile: 0.15\n";
    gv_hash_text(gv_hash_small(yaml, sizeof yaml - 1), hash);
    fine = fine && gv_h5_set_text(c.to, "/", "config_hash", hash, &err) == GV_OK;
    fine = fine && gv_h5_set_i64(c.to, "/", "n_nodes", t->n, &err) == GV_OK &&
           gv_h5_set_i64(c.to, "/cascade/default", "n_sims", 40, &err) == GV_OK &&
           gv_h5_set_i64(c.to, "/cascade/short", "n_sims", 40, &err) == GV_OK &&
           gv_h5_commit(&c.to, &err) == GV_OK;
    gv_h5_close(c.to);
    gv_h5_close(c.from);
    gv_file_close(f);
    return fine;
}

TEST results_that_do_not_fit_are_found(void)
{
    static const int32_t minus[2] = {-1, -1}, far[2] = {100000, 100001}, below[2] = {-2, 0};
    static const int64_t many = 1000000, nought = 0, first = -1;
    static const double wrong_mean = 1e-3;
    const struct {
        const char *replace;
        const void *data;
        const char *leave, *expect;
    } list[] = {
        {NULL, NULL, "/topics/n_items", "/topics/n_items: is missing"},
        {"/nodes/ext_id", &many, NULL, "/nodes/ext_id[1]: does not ascend"},
        {"/influencers/indices", minus, NULL, "/influencers/indices[0] = -1 is not in [0, "},
        {"/influencers/indices", far, NULL, "/influencers/indices[0] = 100000 is not in [0, "},
        {"/influencers/indptr", &first, NULL, "/influencers/indptr: runs from -1"},
        {"/influencers/rank", minus, NULL, "/influencers/rank[0] = -1 is not in [1, "},
        {NULL, NULL, "/influencers/rank", "/influencers/rank: is missing"},
        {NULL, NULL, "/influencers/indptr", "/influencers/indptr: is missing"},
        {"/influence/topic", far, NULL, "/influence/topic[0] = 100000 is not in [0, 2)"},
        {"/influence/rank", minus, NULL, "/influence/rank[0] = -1 is not in [1, 61)"},
        {"/influence/is_influencer", minus, NULL,
         "/influence/is_influencer[0, 0] = -1 is not what /influencers says"},
        {"/provenance/config_yaml", minus, NULL, "/@config_hash: is "},
        {"/prospects/best_friend", minus, NULL, "/prospects/best_friend[0] = -1 is not in [0, "},
        {"/cascade/default/seeds", minus, NULL, "/cascade/default/seeds[0] = -1 is not in [0, "},
        {"/cascade/default/spread", &many, NULL, "spread is not between seeds and all"},
        {"/cascade/default/spread", &nought, NULL, "spread is not between seeds and all"},
        {"/cascade/short/mean", &wrong_mean, NULL, "mean is not the mean of spread"},
        {"/cascade/short/curve_sum", &many, NULL, "curve_sum does not add up to spread"},
        {NULL, NULL, "/ppr/default/converged", "/ppr/default/converged: is missing"},
        {"/topk/i1/node", below, NULL, "/topk/i1/node[0] = -2 is not in [-1, "},
        {NULL, NULL, "/topk/i1/score", "/topk/i1/score: is missing"},
    };
    gv_context *ctx = test_context(2, -1);
    char path[TEST_PATH];
    ASSERT(rewrite(ctx, NULL, NULL, NULL, path));
    ASSERT_EQ(GV_OK, verify(path, 2));
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        ASSERT(rewrite(ctx, list[i].replace, list[i].data, list[i].leave, path));
        ASSERT_EQ(GV_ERR_DATA, verify(path, 1 + (int32_t)i % 3));
        if (strstr(err.message, list[i].expect) == NULL)
            ASSERT_STR_EQ(list[i].expect, err.message);
    }
    gv_context_free(ctx);
    PASS();
}

TEST an_unfinished_file_is_refused(void)
{
    gv_context *ctx = test_context(1, -1);
    char path[TEST_PATH], part[TEST_PATH];
    gv_h5 *f = NULL;
    static const int32_t one = 1;
    const gv_h5_shape shape = gv_h5_vector(GV_I32, 1);
    test_path(t->folder, "half.h5", path);
    test_path(t->folder, "half.h5.part", part);
    ASSERT_EQ(GV_OK, gv_h5_create(ctx, path, true, "grapevine-results", 1, &f, &err));
    ASSERT_EQ(GV_OK, gv_h5_write(f, "/a", &shape, &one, NULL, &err));
    ASSERT_NEQ(GV_OK, verify(part, 1));
    gv_h5_close(f);
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(int kind)
{
    int failures = 0;
    for (gv_status st = GV_ERR_NOMEM; st != GV_OK; failures++) {
        gv_context *ctx = test_context(1, failures);
        st = gv_file_verify(ctx, file_of(kind), NULL, NULL, &err);
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(failures > 5);
    PASS();
}

static void make_model(gv_context *ctx)
{
    gv_graph *g = NULL;
    if (gv_graph_open(ctx, t->graph, &g, &err) != GV_OK)
        exit(EXIT_FAILURE);
    gv_model *m = model_random(ctx, g, 2, 4);
    memcpy(m->graph_hash, g->hash, sizeof m->graph_hash);
    memcpy(m->log_hash, "00000000deadbeef", sizeof m->log_hash);
    if (gv_model_save(ctx, m, test_path(t->folder, "model.h5", model), true, &err) != GV_OK)
        exit(EXIT_FAILURE);
    gv_model_free(m);
    gv_graph_free(g);
}

SUITE(verify_files)
{
    gv_context *ctx = test_context(2, -1);
    t = results_make(ctx, 60, 2);
    make_model(ctx);
    for (int kind = 0; kind < 4; kind++) {
        RUN_TEST1(sound_files_pass, kind);
        RUN_TEST1(a_changed_byte_is_named, kind);
        RUN_TEST1(scrambled_bytes_never_crash, kind);
        RUN_TEST1(survives_every_failed_allocation, kind);
    }
    RUN_TEST(lying_graphs_are_found);
    RUN_TEST(an_undirected_graph_has_both_ways);
    RUN_TEST(results_that_do_not_fit_are_found);
    RUN_TEST(an_unfinished_file_is_refused);
    results_drop(t);
    gv_context_free(ctx);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(verify_files);
    GREATEST_MAIN_END();
}
