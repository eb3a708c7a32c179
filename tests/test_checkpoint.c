/* test_checkpoint.c -- states that are kept are taken up whole or refused; results that were left
 * end with the bytes of results that were never left. */
#define _DEFAULT_SOURCE
#include "greatest.h"

#include <unistd.h>

#include "engine/context.h"
#include "grapevine/checkpoint.h"
#include "tests/support/files.h"
#include "tests/support/graphs.h"

enum { N = 20000 };

static gv_error err;
static char folder[TEST_PATH], kept[TEST_PATH];

static gv_checkpoint *open_checkpoint(gv_context *ctx, const char *identity)
{
    gv_checkpoint *c = NULL;
    const gv_status st = gv_checkpoint_open(ctx, kept, identity, 900, &c, &err);
    return st == GV_OK ? c : NULL;
}

static char *state_path(const char *name)
{
    static char path[TEST_PATH];
    return (char *)(uintptr_t)test_path(kept, name, path);
}

/* ---- states --------------------------------------------------------------------------------- */

typedef struct state {
    int64_t done;
    double value[300];
} state;

static gv_status keep_state(gv_context *ctx, state *s)
{
    const gv_state_part part[] = {{&s->done, 8}, {s->value, sizeof s->value}, {NULL, 0}};
    return gv_keep(ctx, "sums-of-worlds", part, 3, &err);
}

static gv_status take_state(gv_context *ctx, state *s, bool *found)
{
    gv_state_part part[] = {{&s->done, 8}, {s->value, sizeof s->value}, {NULL, 0}};
    return gv_keep_take(ctx, "sums-of-worlds", part, 3, found, &err);
}

TEST a_state_is_taken_by_the_next_run(void)
{
    gv_context *ctx = test_context(2, -1);
    bool found = true;
    state before = {.done = 42, .value = {1, 2, .5}}, after;
    ASSERT_EQ(GV_OK, take_state(ctx, &after, &found)); /* without a keeper nothing is kept */
    ASSERT_FALSE(found);
    ASSERT_FALSE(gv_keep_due(ctx));
    for (int run = 0; run < 2; run++) {
        gv_checkpoint *c = open_checkpoint(ctx, "a job");
        ASSERTm(err.message, c != NULL);
        ASSERT_EQ(run > 0, gv_checkpoint_resumed(c));
        const gv_keeper k = gv_checkpoint_keeper(c);
        gv_context_keep(ctx, &k);
        ASSERT_FALSE(gv_keep_due(ctx));
        ASSERT_EQ(GV_OK, take_state(ctx, &after, &found));
        ASSERT_EQ(run > 0, found);
        if (run == 0)
            ASSERT_EQ(GV_OK, keep_state(ctx, &before));
        else
            ASSERT_MEM_EQ(&before, &after, sizeof before);
        gv_state_part size[3] = {{NULL, -1}, {NULL, -1}, {NULL, -1}};
        ASSERT_EQ(GV_OK, gv_keep_take(ctx, "sums-of-worlds", size, 3, &found, &err));
        ASSERT(found && size[0].bytes == 8 && size[1].bytes == 2400 && size[2].bytes == 0);
        gv_context_keep(ctx, NULL);
        if (run == 0)
            gv_checkpoint_close(c);
        else
            gv_checkpoint_remove(c);
    }
    ASSERT_FALSE(test_exists(kept));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST a_run_that_is_to_stop_keeps_first(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_checkpoint *c = open_checkpoint(ctx, "a job");
    const gv_keeper k = gv_checkpoint_keeper(c);
    state s = {.done = 7};
    bool found;
    gv_context_keep(ctx, &k);
    gv_checkpoint_stop(c);
    ASSERT(gv_checkpoint_stopping(c));
    ASSERT(gv_keep_due(ctx));
    ASSERT_EQ(GV_ERR_CANCELLED, keep_state(ctx, &s));
    s.done = 0;
    ASSERT_EQ(GV_OK, take_state(ctx, &s, &found));
    ASSERT(found && s.done == 7);
    ASSERT_EQ(GV_ERR_CANCELLED, gv_checkpoint_mark(c, "learn", &err));
    ASSERT(gv_checkpoint_marked(c, "learn"));
    gv_checkpoint_remove(c);
    gv_context_free(ctx);
    PASS();
}

static bool stops(void *data, const char *stage, int64_t done, int64_t total)
{
    (void)stage, (void)done, (void)total;
    return !gv_checkpoint_stopping(data);
}

/* As large as those whose writing is told of, which is where the wish to stop is heard again. */
TEST a_large_state_is_kept_by_a_run_that_is_to_stop(void)
{
    enum { LARGE = (64 << 20) + 4096 };
    gv_context *ctx = test_context(1, -1);
    gv_checkpoint *c = open_checkpoint(ctx, "a job");
    const gv_keeper k = gv_checkpoint_keeper(c);
    char *large = gv_context_take(ctx, LARGE, 1);
    gv_state_part part = {large, LARGE};
    bool found;
    ASSERT(c != NULL && large != NULL);
    for (int64_t i = 0; i < LARGE; i++)
        large[i] = (char)(i % 251);
    ctx->progress = stops;
    ctx->progress_data = c;
    gv_context_keep(ctx, &k);
    gv_checkpoint_stop(c);
    ASSERT_EQ(GV_ERR_CANCELLED, gv_keep(ctx, "large", &part, 1, &err));
    for (int64_t i = 0; i < LARGE; i++)
        large[i] = 0;
    ASSERT_EQ(GV_OK, gv_keep_take(ctx, "large", &part, 1, &found, &err));
    ASSERT(found);
    for (int64_t i = 0; i < LARGE; i++)
        if (large[i] != (char)(i % 251))
            FAILm("the state differs");
    gv_checkpoint_remove(c);
    gv_context_release(ctx, large);
    gv_context_free(ctx);
    PASS();
}

TEST what_does_not_fit_is_refused(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_checkpoint *c = open_checkpoint(ctx, "a job"), *second = NULL;
    gv_keeper k = gv_checkpoint_keeper(c);
    state s = {.done = 1};
    bool found;
    gv_context_keep(ctx, &k);
    ASSERT_EQ(GV_OK, keep_state(ctx, &s));
    gv_state_part shorter[] = {{&s.done, 8}, {s.value, 8}, {NULL, 0}};
    ASSERT_EQ(GV_ERR_DATA, gv_keep_take(ctx, "sums-of-worlds", shorter, 3, &found, &err));
    ASSERT_EQ(GV_OK, gv_keep_take(ctx, "sums-of-worlds", shorter, 1, &found, &err));
    gv_state_part more[] = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    ASSERT_EQ(GV_ERR_DATA, gv_keep_take(ctx, "sums-of-worlds", more, 4, &found, &err));
    ASSERT_EQ(GV_ERR_SYSTEM, gv_checkpoint_open(ctx, kept, "a job", 900, &second, &err));
    ASSERT_EQ(GV_ERR_RANGE, gv_checkpoint_open(ctx, kept, "a job", 0, &second, &err));
    ASSERT_EQ(GV_ERR_ARG, gv_checkpoint_mark(c, "Learn", &err));
    ASSERT_EQ(GV_ERR_ARG, gv_checkpoint_mark(c, "", &err));
    gv_checkpoint_close(c);
    ASSERT_EQ(GV_ERR_ARG, gv_checkpoint_open(ctx, kept, "another job", 900, &second, &err));
    ASSERT(strstr(err.message, "another job") != NULL);
    gv_checkpoint_remove(open_checkpoint(ctx, "a job"));
    char no[TEST_PATH];
    ASSERT_EQ(GV_ERR_CREATE,
              gv_checkpoint_open(ctx, test_path(kept, "x", no), "a job", 900, &second, &err));
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

/* Every byte of the file is guarded: by the magic, the table's checksum or that of its part. */
TEST damage_is_seen_wherever_it_is(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_checkpoint *c = open_checkpoint(ctx, "a job");
    const gv_keeper k = gv_checkpoint_keeper(c);
    state s = {.done = 1};
    bool found;
    int64_t size;
    gv_context_keep(ctx, &k);
    ASSERT_EQ(GV_OK, keep_state(ctx, &s));
    const char *path = state_path("sums-of-worlds.state");
    char *bytes = test_bytes(path, &size);
    ASSERT(bytes != NULL);
    for (int64_t at = 0; at < size; at += at < 100 ? 1 : 37) {
        const char wrong = (char)(bytes[at] ^ 16);
        ASSERT(test_patch(path, at, &wrong, 1));
        ASSERT_EQ(GV_ERR_DATA, take_state(ctx, &s, &found));
        ASSERT(test_patch(path, at, bytes + at, 1));
    }
    for (int64_t left = 0; left < size; left += 101) {
        ASSERT_EQ(0, truncate(path, left));
        ASSERT_EQ(GV_ERR_DATA, take_state(ctx, &s, &found));
        ASSERT(test_write(path, bytes, size));
    }
    ASSERT_EQ(GV_OK, take_state(ctx, &s, &found));
    free(bytes);
    gv_checkpoint_remove(c);
    gv_context_free(ctx);
    PASS();
}

TEST a_stage_that_is_done_drops_its_states_alone(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_checkpoint *c = open_checkpoint(ctx, "a job");
    const gv_keeper k = gv_checkpoint_keeper(c);
    char others[TEST_PATH];
    const gv_state_part none = {NULL, 0};
    gv_context_keep(ctx, &k);
    static const char *const name[] = {"ppr", "ppr-batch", "pprx", "cascade"};
    for (int i = 0; i < 4; i++)
        ASSERT_EQ(GV_OK, gv_keep(ctx, name[i], &none, 1, &err));
    strcpy(others, state_path("notes.txt"));
    ASSERT(test_write(others, "mine", 4));
    ASSERT_EQ(GV_OK, gv_checkpoint_mark(c, "ppr", &err));
    ASSERT_FALSE(test_exists(state_path("ppr.state")));
    ASSERT_FALSE(test_exists(state_path("ppr-batch.state")));
    ASSERT(test_exists(state_path("pprx.state")));
    ASSERT(test_exists(state_path("cascade.state")));
    gv_checkpoint_close(c);
    c = open_checkpoint(ctx, "a job");
    ASSERT(gv_checkpoint_marked(c, "ppr"));
    ASSERT_FALSE(gv_checkpoint_marked(c, "pp"));
    ASSERT_FALSE(gv_checkpoint_marked(c, "cascade"));
    gv_checkpoint_remove(c);
    ASSERT(test_exists(others));
    test_remove(kept);
    gv_context_free(ctx);
    PASS();
}

/* ---- results -------------------------------------------------------------------------------- */

static float score[N];
static int16_t flag[N];

static gv_status put_first(gv_results *r, const gv_graph *g)
{
    const int64_t dims[] = {N};
    gv_status st = gv_results_provenance(r, "influence:\n", &err);
    if (st == GV_OK)
        st = gv_results_put_nodes(r, g, &err);
    if (st == GV_OK)
        st = gv_results_put(r, "/influence/i1", GV_F32, 1, dims, score, &err);
    return st == GV_OK ? gv_results_put_flags(r, "/influence/flag", 1, dims, flag, &err) : st;
}

static gv_status put_second(gv_results *r, float *data)
{
    const int64_t dims[] = {N};
    gv_status st = gv_results_put(r, "/ppr/default/score", GV_F32, 1, dims, data, &err);
    if (st == GV_OK)
        st = gv_results_attr_f64(r, "/ppr/default", "damping", .85, &err);
    return st == GV_OK ? gv_results_provenance(r, "ppr:\n", &err) : st;
}

/* All in one run, without a folder. */
static gv_status write_plainly(gv_context *ctx, const gv_graph *g, const char *path)
{
    gv_results *r = NULL;
    gv_status st = gv_results_create(ctx, path, false, g, 1, &r, &err);
    if (st == GV_OK)
        st = put_first(r, g);
    if (st == GV_OK)
        st = gv_checkpoint_results(NULL, r, "influence", &err);
    if (st == GV_OK)
        st = put_second(r, score);
    if (st == GV_OK)
        return gv_results_commit(&r, &err);
    gv_results_discard(r);
    return st;
}

/* Left in the second stage after other things were written there. */
static gv_status begin_and_leave(gv_context *ctx, const gv_graph *g, const char *path,
                                 gv_checkpoint *c)
{
    gv_results *r = NULL;
    float other[N] = {3};
    gv_status st = gv_results_create(ctx, path, false, g, 1, &r, &err);
    if (st == GV_OK)
        st = put_first(r, g);
    if (st == GV_OK)
        st = gv_checkpoint_results(c, r, "influence", &err);
    if (st == GV_OK)
        st = gv_results_put_flags(r, "/elsewhere/flag", 1, (int64_t[]){N}, flag, &err);
    if (st == GV_OK)
        st = put_second(r, other);
    gv_results_leave(r);
    return st;
}

static gv_status go_on(gv_context *ctx, const char *path, gv_checkpoint *c)
{
    gv_results *r = NULL;
    gv_status st = gv_checkpoint_take_results(c, ctx, path, false, &r, &err);
    if (st != GV_OK)
        return st;
    st = put_second(r, score);
    if (st == GV_OK)
        return gv_results_commit(&r, &err);
    gv_results_leave(r);
    return st;
}

static gv_graph *graph(gv_context *ctx)
{
    edge_list e = edges_path(4);
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

TEST results_that_were_left_end_the_same(void)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = graph(ctx);
    gv_checkpoint *c = open_checkpoint(ctx, "a job");
    char plain[TEST_PATH], left[TEST_PATH];
    test_path(folder, "plain.h5", plain);
    test_path(folder, "left.h5", left);
    gv_results *none = (gv_results *)folder;
    ASSERT_EQ(GV_OK, gv_checkpoint_take_results(c, ctx, left, false, &none, &err));
    ASSERT(none == NULL);
    ASSERT_EQ(GV_OK, write_plainly(ctx, g, plain));
    ASSERT_EQ(GV_OK, begin_and_leave(ctx, g, left, c));
    ASSERT_FALSE(test_exists(left));
    gv_checkpoint_close(c);
    unlink(state_path("job.state")); /* as if stopped just before the mark */
    c = open_checkpoint(ctx, "a job");
    ASSERT(gv_checkpoint_resumed(c) && gv_checkpoint_marked(c, "influence"));
    ASSERT_EQ(GV_OK, go_on(ctx, left, c));
    ASSERT(test_same(plain, left));
    gv_checkpoint_remove(c);
    gv_graph_free(g);
    unlink(plain);
    unlink(left);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST results_that_are_gone_are_missed(void)
{
    gv_context *ctx = test_context(1, -1);
    gv_graph *g = graph(ctx);
    gv_checkpoint *c = open_checkpoint(ctx, "a job");
    char left[TEST_PATH], part[TEST_PATH];
    test_path(folder, "left.h5", left);
    test_path(folder, "left.h5.part", part);
    ASSERT_EQ(GV_OK, begin_and_leave(ctx, g, left, c));
    ASSERT_EQ(0, truncate(part, 4096));
    ASSERT_EQ(GV_ERR_DATA, go_on(ctx, left, c));
    ASSERT(test_exists(part));
    unlink(part);
    ASSERT_EQ(GV_ERR_NO_INPUT, go_on(ctx, left, c));
    gv_checkpoint_remove(c);
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

TEST survives_every_failed_allocation(void)
{
    char left[TEST_PATH], part[TEST_PATH];
    test_path(folder, "left.h5", left);
    test_path(folder, "left.h5.part", part);
    gv_status st = GV_ERR_NOMEM;
    int64_t k = 0;
    for (; st != GV_OK; k++) {
        gv_context *ctx = test_context(1, -1);
        gv_graph *g = graph(ctx);
        gv_checkpoint *c = open_checkpoint(ctx, "a job");
        ASSERT(c != NULL && begin_and_leave(ctx, g, left, c) == GV_OK);
        gv_checkpoint_close(c);
        ctx->allocations = 0;
        ctx->fail_allocation = k;
        st = gv_checkpoint_open(ctx, kept, "a job", 900, &c, &err);
        if (st == GV_OK) {
            st = go_on(ctx, left, c);
            gv_checkpoint_close(c);
        }
        ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
        ctx->fail_allocation = -1;
        gv_checkpoint_remove(open_checkpoint(ctx, "a job"));
        gv_graph_free(g);
        ASSERT_EQ(0, gv_context_memory_used(ctx));
        gv_context_free(ctx);
    }
    ASSERT(k > 10);
    unlink(part);
    unlink(left);
    PASS();
}

SUITE(checkpoint)
{
    test_folder(folder);
    test_path(folder, "kept", kept);
    for (int i = 0; i < N; i++) {
        score[i] = (float)i;
        flag[i] = (int16_t)(i % 7 == 0);
    }
    RUN_TEST(a_state_is_taken_by_the_next_run);
    RUN_TEST(a_run_that_is_to_stop_keeps_first);
    RUN_TEST(a_large_state_is_kept_by_a_run_that_is_to_stop);
    RUN_TEST(what_does_not_fit_is_refused);
    RUN_TEST(damage_is_seen_wherever_it_is);
    RUN_TEST(a_stage_that_is_done_drops_its_states_alone);
    RUN_TEST(results_that_were_left_end_the_same);
    RUN_TEST(results_that_are_gone_are_missed);
    RUN_TEST(survives_every_failed_allocation);
    test_remove(folder);
}

GREATEST_MAIN_DEFS();

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    RUN_SUITE(checkpoint);
    GREATEST_MAIN_END();
}
