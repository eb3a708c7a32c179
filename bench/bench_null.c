/* bench_null.c -- does learning see influence where there is none? Populations with homophily but
 * no influence: in how many do purchases soon after a friend's exceed those of time-shuffled logs,
 * significantly at 5 %?
 *
 * One line for all populations: how many, how many significant, and the mean of the p-values, which
 * is near one half where there is nothing. */
#include <stdlib.h>

#include "bench.h"
#include "grapevine/grapevine.h"

static gv_error err;

typedef struct settings {
    int64_t populations, shuffles, consumers, topics, items, influence;
} settings;

/* Purchases with a friend's in the 30 days before. */
static int64_t credited(gv_context *ctx, const gv_graph *g, const gv_log *log)
{
    gv_learn_opts o = gv_learn_defaults();
    gv_learn_info info;
    gv_model *m;
    o.window = 30 * 86400;
    o.prior_strength = 20.0;
    bench_check(gv_learn(ctx, g, log, &o, &m, &info, &err), &err);
    gv_model_free(m);
    return info.credited;
}

/* Share of the logs, the true one among them, that show as much as the true one. */
static double p_value(gv_context *ctx, const settings *s, uint64_t seed)
{
    gv_consumers_opts o = gv_consumers_defaults();
    gv_population *p;
    o.consumers = s->consumers;
    o.topics = (int32_t)s->topics;
    o.items = s->items;
    o.influence = s->influence != 0;
    o.seed = seed;
    bench_check(gv_consumers_generate(ctx, &o, &p, &err), &err);
    const gv_graph *g = gv_population_graph(p);
    const gv_log *log = gv_population_log(p);
    const int64_t seen = credited(ctx, g, log);
    int64_t as_many = 1;
    for (int64_t i = 0; i < s->shuffles; i++) {
        gv_log *shuffled;
        bench_check(gv_log_shuffled(ctx, log, (uint64_t)i + 1, &shuffled, &err), &err);
        as_many += credited(ctx, g, shuffled) >= seen;
        gv_log_free(shuffled);
    }
    gv_population_free(p);
    return (double)as_many / (double)(s->shuffles + 1);
}

int main(int argc, char **argv)
{
    bench_run r = bench_begin("null");
    settings s = {.populations = 200, .shuffles = 99, .consumers = 500, .topics = 4, .items = 25};
    const bench_word word[] = {{.name = "populations", .number = &s.populations},
                               {.name = "shuffles", .number = &s.shuffles},
                               {.name = "consumers", .number = &s.consumers},
                               {.name = "topics", .number = &s.topics},
                               {.name = "items", .number = &s.items},
                               {.name = "influence", .number = &s.influence},
                               {.name = "threads", .number = &r.threads},
                               {.name = "seed", .number = &r.seed}};
    bench_words("bench_null", argc, argv, word, sizeof word / sizeof *word);
    if (s.populations < 1 || s.shuffles < 1) {
        fprintf(stderr, "bench_null: populations and shuffles of at least 1\n");
        return 2;
    }
    gv_context *ctx;
    const gv_context_opts with = {.n_threads = (int32_t)r.threads};
    bench_check(gv_context_create(&with, &ctx, &err), &err);
    int64_t significant = 0;
    double sum = 0.0;
    for (int64_t i = 0; i < s.populations; i++) {
        const double p = p_value(ctx, &s, (uint64_t)(r.seed + i));
        significant += p <= 0.05;
        sum += p;
    }
    r.graph = s.influence != 0 ? "consumers" : "consumers without influence";
    r.n = s.consumers;
    bench_line_begin(&r, "excess of credits");
    bench_line_int(&r, "populations", s.populations);
    bench_line_int(&r, "shuffles", s.shuffles);
    bench_line_int(&r, "significant", significant);
    bench_line_real(&r, "share", (double)significant / (double)s.populations);
    bench_line_real(&r, "mean_p", sum / (double)s.populations);
    bench_line_end(&r);
    gv_context_free(ctx);
    return 0;
}
