/* cmd_generate.c -- grapevine generate: populations with purchases and known truth. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/generate.h"
#include "cli/session.h"

enum { INFLUENCE_ON = 0, PATH_CHARS = 4096, BEST = 50 };
enum { PURCHASES_TSV, PURCHASES_H5, PURCHASES_NONE }; /* as in the choices of --purchases */

static const cli_option options[] = {
    {.name = "kind",
     .type = CLI_TEXT,
     .offset = offsetof(generate_opts, kind),
     .metavar = "KIND",
     .help = "what to generate: consumers, or kron for a Kronecker graph",
     .positional = true,
     .required = true},
    {.name = "output",
     .letter = 'o',
     .type = CLI_OUTPUT,
     .offset = offsetof(generate_opts, output),
     .metavar = "OUT",
     .help =
         "consumers: folder for graph.h5, nodes.tsv, purchases.tsv, truth.h5 and job.yaml, made "
         "if missing; kron: the file",
     .required = true,
     .either = true},
    {.name = "consumers",
     .type = CLI_INT,
     .offset = offsetof(generate_opts, consumers),
     .metavar = "N",
     .help = "consumers [%s]",
     .min = 1,
     .max = 2147483647},
    {.name = "mean-degree",
     .type = CLI_REAL,
     .offset = offsetof(generate_opts, mean_degree),
     .metavar = "D",
     .help = "mean number of friends of a consumer [%s]",
     .min = 0,
     .max = 1000},
    {.name = "topics",
     .type = CLI_INT,
     .offset = offsetof(generate_opts, topics),
     .metavar = "Z",
     .help = "topics, that is product categories [%s]",
     .min = 1,
     .max = 1000},
    {.name = "items",
     .type = CLI_INT,
     .offset = offsetof(generate_opts, items),
     .metavar = "I",
     .help = "items of each topic [%s]",
     .min = 0,
     .max = 1000000000},
    {.name = "days",
     .type = CLI_INT,
     .offset = offsetof(generate_opts, days),
     .metavar = "T",
     .help = "length of the purchase log, from 2025-01-01 on [%s]",
     .min = 1,
     .max = 36500},
    {.name = "influencer-share",
     .type = CLI_REAL,
     .offset = offsetof(generate_opts, influencer_share),
     .metavar = "Q",
     .help = "chance of a consumer to be an influencer of a topic [%s]",
     .min = 0,
     .max = 1},
    {.name = "influence",
     .type = CLI_CHOICE,
     .offset = offsetof(generate_opts, influence),
     .metavar = "on|none",
     .help = "none: the same population, but nobody prompts a friend to buy [%s]",
     .choices = "on|none"},
    {.name = "purchases",
     .type = CLI_CHOICE,
     .offset = offsetof(generate_opts, purchases),
     .metavar = "tsv|h5|none",
     .help = "purchases as text or as HDF5 columns; none: the job only ranks consumers [%s]",
     .choices = "tsv|h5|none"},
    {.name = "scale",
     .type = CLI_INT,
     .offset = offsetof(generate_opts, scale),
     .metavar = "S",
     .help = "kron: ids are below 2^S [%s]",
     .min = 1,
     .max = 30},
    {.name = "edge-factor",
     .type = CLI_INT,
     .offset = offsetof(generate_opts, edge_factor),
     .metavar = "F",
     .help = "kron: edges for each id, loops and repeats included [%s]",
     .min = 1,
     .max = 1024},
    {.name = "undirected",
     .type = CLI_FLAG,
     .offset = offsetof(generate_opts, undirected),
     .help = "kron: every edge both ways; h5 only"},
    {.name = "format",
     .type = CLI_CHOICE,
     .offset = offsetof(generate_opts, format),
     .metavar = "h5|tsv",
     .help = "kron: a graph file, or the edges as text with loops and repeats [%s]",
     .choices = "h5|tsv"},
    {.name = "tmpdir",
     .type = CLI_OUTPUT,
     .offset = offsetof(generate_opts, tmpdir),
     .folder = true,
     .metavar = "DIR",
     .help =
         "kron: folder for 4 bytes an edge while a graph is built; the one of OUT if not given"},
    {.name = NULL},
};

static void defaults(void *opts)
{
    const gv_consumers_opts d = gv_consumers_defaults();
    const gv_kron_opts k = gv_kron_defaults();
    *(generate_opts *)opts = (generate_opts){.consumers = d.consumers,
                                             .topics = d.topics,
                                             .items = d.items,
                                             .days = d.days,
                                             .mean_degree = d.mean_degree,
                                             .influencer_share = d.influencer_share,
                                             .influence = d.influence ? 0 : 1,
                                             .purchases = PURCHASES_TSV,
                                             .scale = k.scale,
                                             .edge_factor = k.edge_factor,
                                             .format = GENERATE_H5};
}

static gv_consumers_opts consumers_opts(const generate_opts *o, uint64_t seed)
{
    return (gv_consumers_opts){.consumers = o->consumers,
                               .mean_degree = o->mean_degree,
                               .topics = (int32_t)o->topics,
                               .items = o->purchases == PURCHASES_NONE ? 0 : o->items,
                               .days = (int32_t)o->days,
                               .influencer_share = o->influencer_share,
                               .influence = o->influence == INFLUENCE_ON,
                               .seed = seed};
}

/* DIR/name into text [PATH_CHARS]; an exit code. */
static int path_in(const cli_session *s, const char *dir, const char *name, char *text)
{
    if (snprintf(text, PATH_CHARS, "%s/%s", dir, name) < PATH_CHARS)
        return CLI_OK;
    return cli_fail_text(s, CLI_CANNOT_CREATE, "%.100s...: path too long", dir);
}

/* The files are made in a folder within the output. */
static void guard_stage(const char *dir, const char *const *names, int n, bool there)
{
    char path[PATH_CHARS + 16];
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/.part/%s", dir, names[i]);
        cli_guard_output(path);
        cli_guard_exactly(path);
    }
    snprintf(path, sizeof path, "%s/.part", dir);
    cli_guard_exactly(path);
    if (!there)
        cli_guard_exactly(dir);
}

/* Better to learn before a long run than after it that the outputs exist. */
static int check_outputs(const generate_opts *o, const cli_session *s)
{
    enum { JOB = 3 };
    const char *const names[] = {"graph.h5", "nodes.tsv", "truth.h5", "job.yaml",
                                 o->purchases == PURCHASES_H5 ? "purchases.h5" : "purchases.tsv"};
    const int n = o->purchases == PURCHASES_NONE ? 4 : 5;
    char path[PATH_CHARS];
    struct stat have;
    if (stat(o->output, &have) == 0 && !S_ISDIR(have.st_mode))
        return cli_fail_text(s, CLI_CANNOT_CREATE, "%s: cannot be written: it is not a folder",
                             o->output);
    for (int i = 0; i < n; i++) {
        const int code = path_in(s, o->output, names[i], path);
        if (code != CLI_OK)
            return code;
        if (!cli_force(s) && access(path, F_OK) == 0)
            return cli_fail_text(s, CLI_CANNOT_CREATE, "%s exists; --force overwrites it", path);
        if (i == JOB)
            cli_guard_output(path);
    }
    guard_stage(o->output, names, n, stat(o->output, &have) == 0);
    return CLI_OK;
}

/* The whole recomputation of what can be learnt from the purchases. */
static void print_job(FILE *to, const char *topic, const char *log)
{
    fprintf(to,
            "# The main job on this population: grapevine run job.yaml\n"
            "graph: graph.h5\n"
            "output: results.h5\n"
            "learn:\n"
            "  log: %s\n"
            "  output: model.h5\n"
            "influence:\n"
            "  topics: all\n"
            "  measure: i1,i2\n"
            "  store: scores,rank,flags\n"
            "  top-k: 20\n"
            "ppr:\n"
            "  topics: model.h5\n"
            "  top-k: 20\n"
            "cascade:\n"
            "  seeds: influencers:%d\n"
            "  topic: %s\n"
            "  sims: 10000\n",
            log, BEST, topic);
}

/* Without purchases there is nothing to learn from: PageRank of the friendships alone. */
static void print_job_of_graph(FILE *to)
{
    fprintf(to, "# PageRank of this population: grapevine run job.yaml\n"
                "graph: graph.h5\n"
                "output: results.h5\n"
                "ppr:\n"
                "  top-k: 20\n");
}

static int write_job(const generate_opts *o, cli_session *s, const gv_population_plan *plan,
                     int64_t n_bought)
{
    char path[PATH_CHARS];
    int code = path_in(s, o->output, "job.yaml", path);
    if (code != CLI_OK)
        return code;
    cli_text *text = cli_text_create(s, path, &code);
    if (text == NULL)
        return code;
    if (n_bought > 0)
        print_job(cli_text_file(text), gv_population_plan_topic(plan, 0),
                  o->purchases == PURCHASES_H5 ? "purchases.h5" : "purchases.tsv");
    else
        print_job_of_graph(cli_text_file(text));
    return cli_text_commit(s, text);
}

static const gv_purchases_format format[] = {GV_PURCHASES_TSV, GV_PURCHASES_H5, GV_PURCHASES_NONE};

static int generate(const generate_opts *o, cli_session *s, gv_population_plan **plan)
{
    gv_error err;
    char friends[32], rows[32];
    int64_t n_bought = 0;
    const gv_consumers_opts c = consumers_opts(o, cli_seed(s));
    const double started = cli_seconds();
    if (gv_population_plan_create(cli_context(s), &c, plan, &err) != GV_OK)
        return cli_fail(s, &err);
    cli_stage_done(s, "plan", started, (double)o->consumers, "consumers");
    if (gv_population_write(cli_context(s), *plan, o->output, format[o->purchases], cli_force(s),
                            &n_bought, &err) != GV_OK)
        return cli_fail(s, &err);
    const int code = write_job(o, s, *plan, n_bought);
    if (code != CLI_OK)
        return code;
    cli_stage_done(s, "generate", started, (double)o->consumers, "consumers");
    cli_say(s, "%s friendships and %s purchases",
            cli_thousands(gv_population_plan_edges(*plan) / 2, friends),
            cli_thousands(n_bought, rows));
    return CLI_OK;
}

static bool is_kron(const generate_opts *o)
{
    return strcmp(o->kind, "kron") == 0;
}

/* An option of the other kind would do nothing, which nobody wants: refused. */
static int check_kind(const generate_opts *o, const cli_session *s)
{
    generate_opts d, other;
    if (!is_kron(o) && strcmp(o->kind, "consumers") != 0)
        return cli_fail_text(s, CLI_USAGE, "kind '%s' is not one of: consumers, kron", o->kind);
    defaults(&d);
    other = *o;
    if (is_kron(o)) {
        other.scale = d.scale, other.edge_factor = d.edge_factor, other.format = d.format;
        other.undirected = d.undirected, other.tmpdir = d.tmpdir;
    } else {
        other.consumers = d.consumers, other.topics = d.topics, other.items = d.items;
        other.days = d.days, other.mean_degree = d.mean_degree;
        other.influencer_share = d.influencer_share;
        other.influence = d.influence, other.purchases = d.purchases;
    }
    if (other.consumers != d.consumers || other.topics != d.topics || other.items != d.items ||
        other.days != d.days || other.mean_degree != d.mean_degree ||
        other.influencer_share != d.influencer_share || other.influence != d.influence ||
        other.purchases != d.purchases || other.scale != d.scale ||
        other.edge_factor != d.edge_factor || other.format != d.format ||
        other.undirected != d.undirected || other.tmpdir != d.tmpdir)
        return cli_fail_text(s, CLI_USAGE, "an option is given that is not one of '%s'", o->kind);
    return CLI_OK;
}

static int run(const void *opts, cli_session *s)
{
    const generate_opts *o = opts;
    gv_population_plan *plan = NULL;
    int code = check_kind(o, s);
    if (code == CLI_OK && is_kron(o))
        return generate_kron(o, s);
    if (code == CLI_OK)
        code = check_outputs(o, s);
    if (code == CLI_OK)
        code = generate(o, s, &plan);
    gv_population_plan_free(plan);
    return code;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    const generate_opts *o = opts;
    gv_graph_shape g;
    const int code = check_kind(o, s);
    if (code != CLI_OK)
        return code;
    if (is_kron(o)) {
        plan_kron(o, s, plan);
        return CLI_OK;
    }
    const gv_consumers_opts c = consumers_opts(o, cli_seed(s));
    gv_population_write_plan(plan, &c, format[o->purchases], gv_context_threads(cli_context(s)),
                             &g);
    return CLI_OK;
}

const cli_command cmd_generate = {
    .name = "generate",
    .summary = "make a consumer population with purchases and known truth, or a Kronecker graph",
    .description =
        "Makes a population of consumers: friendships with households, communities and a heavy "
        "tail of degrees; a purchase log in which friends prompt each other to buy; and the truth "
        "about who influences whom, so that what is learnt from the log can be checked. Beside "
        "them it writes a job for grapevine run. Or makes a Kronecker graph (kron) with the "
        "parameters of the GAP and Graph500 benchmarks. The same options and seed give the same "
        "files, which are made piece by piece and may be larger than memory.",
    .example = "grapevine generate consumers --consumers 2000 -o population",
    .options = options,
    .size = sizeof(generate_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
