/* test_seeds_read.c -- seed sets from text: further columns, their order, refusals. */
#include "engine/context.h"
#include "grapevine/io.h"
#include "greatest.h"
#include "support/files.h"
#include "support/graphs.h"

GREATEST_MAIN_DEFS();

static gv_error err;
static char folder[TEST_PATH];

/* Consumers 0, 10, 20, ... 90. */
static gv_graph *tens(gv_context *ctx)
{
    edge_list e = edges_path(10);
    e.ids = malloc(10 * sizeof *e.ids);
    for (int i = 0; i < 10; i++)
        e.ids[i] = 10 * i;
    gv_graph *g = edges_graph(ctx, &e, NULL);
    edges_free(&e);
    return g;
}

typedef struct seed_case {
    const char *text;
    gv_status status;
    const char *words; /* of the message */
    const char *want;  /* "set: node probability, ..." */
} seed_case;

static void describe(const gv_seed_table *t, char *text, size_t room)
{
    size_t at = 0;
    text[0] = '\0';
    for (int64_t s = 0; s < t->n_sets; s++) {
        at += (size_t)snprintf(text + at, room - at,
                               "%s:", t->name != NULL ? t->name + s * (GV_SET_CHARS + 1) : "");
        for (int64_t i = t->offset[s]; i < t->offset[s + 1]; i++)
            at += (size_t)snprintf(text + at, room - at, " %d %g", (int)t->node[i],
                                   t->acceptance != NULL ? t->acceptance[i] : -1.0);
        at += (size_t)snprintf(text + at, room - at, ";");
    }
}

TEST reads(const seed_case *c)
{
    gv_context *ctx = test_context(2, -1);
    gv_graph *g = tens(ctx);
    char path[TEST_PATH], got[512];
    gv_seed_table t = {0};
    test_path(folder, "seeds.txt", path);
    if (c->text[0] != '=')
        ASSERT(test_write(path, c->text, (int64_t)strlen(c->text)));
    const char *spec = c->text[0] == '=' ? c->text + 1 : path;
    const int64_t before = gv_context_memory_used(ctx);
    ASSERT_EQ_FMT((int)c->status, (int)gv_seeds_read(ctx, g, spec, &t, &err), "%d");
    if (c->status != GV_OK) {
        ASSERTm(err.message, strstr(err.message, c->words) != NULL);
    } else {
        describe(&t, got, sizeof got);
        ASSERT_STR_EQ(c->want, got);
        gv_seeds_free(ctx, &t);
        gv_status st = GV_ERR_NOMEM;
        for (int64_t k = 0; st != GV_OK; k++) {
            ctx->allocations = 0;
            ctx->fail_allocation = k;
            st = gv_seeds_read(ctx, g, spec, &t, &err);
            ASSERT(st == GV_OK || st == GV_ERR_NOMEM);
            gv_seeds_free(ctx, &t);
            ASSERT_EQ(before, gv_context_memory_used(ctx));
        }
    }
    gv_graph_free(g);
    ASSERT_EQ(0, gv_context_memory_used(ctx));
    gv_context_free(ctx);
    PASS();
}

SUITE(seeds)
{
    static const seed_case all[] = {
        {"30\n10\n30\n", GV_OK, NULL, ": 3 -1 1 -1 3 -1;"},
        {"", GV_OK, NULL, ":;"},
        {"=50,0", GV_OK, NULL, ": 5 -1 0 -1;"},
        {"id\tset\n30\tb\n10\ta\n50\tb\n", GV_OK, NULL, "a: 1 -1;b: 3 -1 5 -1;"},
        {"id set\n30 10\n10 9\n", GV_OK, NULL, "9: 1 -1;10: 3 -1;"},
        {"id,probability\n30,.5\n10,1\n", GV_OK, NULL, ": 3 0.5 1 1;"},
        {"who set note probability\n0 x q .25\n90 y q 0\n20 x q 1\n", GV_OK, NULL,
         "x: 0 0.25 2 1;y: 9 0;"},
        {"10 0.5\n20 0.7\n", GV_OK, NULL, ": 1 -1 2 -1;"}, /* without a header: not looked at */
        {"id set\n15 b\n", GV_ERR_DATA, "seeds.txt:2: ", NULL},
        {"id probability\n10 1.5\n", GV_ERR_DATA, "seeds.txt:2: probability 1.5 is not in [0, 1]",
         NULL},
        {"id set\n", GV_ERR_DATA, "no rows", NULL},
        {"=50,1", GV_ERR_DATA, "consumer \"1\" is not in the graph", NULL},
        {"=nobody", GV_ERR_NO_INPUT, "neither a file nor a consumer", NULL},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        RUN_TEST1(reads, &all[i]);
}

int main(int argc, char **argv)
{
    GREATEST_MAIN_BEGIN();
    test_folder(folder);
    RUN_SUITE(seeds);
    test_remove(folder);
    GREATEST_MAIN_END();
}
