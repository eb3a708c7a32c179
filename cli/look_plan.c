/* look_plan.c -- plans of the commands that look into one file: info, verify, export.
 *
 * A graph is mapped and read as gv_graph_check() and the command do. Of results a command reads the
 * groups that it speaks of, which may be a small part of the file. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/plan.h"

static const double read_a_second = 1e9, rows_a_second = 1e7; /* rows as text, by thread */

/* Counts of degrees, and lines of text, by thread; bytes of a row of results and of a number. */
enum { DEGREE_COUNTS = 512 << 10, TEXT_BUFFER = 1 << 20, ROW_BYTES = 36, NUMBER_BYTES = 9 };

/* Bytes of all arrays below one of `n` prefixes. */
static int64_t entry_bytes(const gv_file *f, const char *const *prefix, int n)
{
    int64_t bytes = 0;
    const gv_file_entry *e;
    for (int64_t i = 0; (e = gv_file_entry_at(f, i)) != NULL; i++)
        for (int k = 0; k < n; k++)
            if (strncmp(e->path, prefix[k], strlen(prefix[k])) == 0)
                bytes += e->bytes;
    return bytes;
}

static int64_t file_bytes(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

static int64_t graph_parts(const gv_graph_shape *g, unsigned uses)
{
    return gv_graph_bytes(g, gv_graph_parts(uses));
}

/* ---- info ------------------------------------------------------------------------------------ */

static void plan_graph_info(gv_plan *plan, const gv_graph_shape *g, int32_t threads)
{
    const int64_t counts = (int64_t)threads * DEGREE_COUNTS;
    const int64_t rows = graph_parts(g, GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY);
    gv_plan_begin(plan, "check and describe", 2.0 * (double)rows / read_a_second);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "graph file, mapped", rows);
    gv_plan_use(plan, GV_PLAN_MEMORY, "degrees, or components",
                counts > 4 * g->n_nodes ? counts : 4 * g->n_nodes);
}

static void plan_info(cli_session *s, gv_plan *plan, const char *path, const gv_file *f,
                      const gv_graph_shape *g)
{
    static const char *const of_truth[] = {"/influencer", "/i1"};
    static const char *const of_results[] = {"/influencers", "/cascade", "/topics"};
    const gv_file_kind kind = gv_file_describe(f).kind;
    if (kind == GV_FILE_GRAPH) {
        plan_graph_info(plan, g, gv_context_threads(cli_context(s)));
        return;
    }
    const int64_t bytes = kind == GV_FILE_TRUTH     ? entry_bytes(f, of_truth, 2)
                          : kind == GV_FILE_RESULTS ? entry_bytes(f, of_results, 3)
                                                    : file_bytes(path);
    gv_plan_begin(plan, "read", (double)bytes / read_a_second);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "file, mapped", bytes);
}

/* ---- verify ---------------------------------------------------------------------------------- */

/* The mapping through which checksums are taken stays while arrays are looked at in another. */
static void plan_verify(gv_plan *plan, const char *path, const gv_file *f, const gv_graph_shape *g)
{
    const unsigned uses = GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS;
    const int64_t bytes = file_bytes(path);
    const gv_file_kind kind = gv_file_describe(f).kind;
    const int64_t again = kind == GV_FILE_GRAPH   ? graph_parts(g, uses)
                          : kind == GV_FILE_MODEL ? bytes
                                                  : 0;
    gv_plan_begin(plan, "checksums", (double)bytes / read_a_second);
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "file, mapped", bytes);
    gv_plan_begin(plan, "arrays", (double)again / read_a_second);
    gv_plan_use(plan, GV_PLAN_RESIDENT, "file, mapped again", again);
}

/* ---- export ---------------------------------------------------------------------------------- */

static int64_t digits(int64_t n)
{
    return n > 1 ? (int64_t)ceil(log10((double)n)) : 1;
}

static void plan_text(cli_session *s, gv_plan *plan, int64_t mapped, int64_t rows, int64_t row)
{
    const int32_t threads = gv_context_threads(cli_context(s));
    gv_plan_begin(plan, "write",
                  (double)mapped / read_a_second + (double)rows / (rows_a_second * threads));
    gv_plan_use(plan, GV_PLAN_RESIDENT, "file, mapped", mapped);
    gv_plan_use(plan, GV_PLAN_MEMORY, "lines of text", 2 * (int64_t)TEXT_BUFFER * threads);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "text", rows * row);
}

static void plan_graph_export(cli_session *s, gv_plan *plan, const gv_graph_shape *g, bool edges)
{
    const unsigned uses = GV_USES_OUT | GV_USES_IN | GV_USES_PROBABILITY | GV_USES_IDS;
    const unsigned parts = gv_graph_parts(uses) | (edges ? 0 : (unsigned)GV_PART_ATTRIBUTES);
    const int64_t id = g->id_kind == GV_ID_INT ? digits(g->n_nodes) + 1 : g->id_width + 1;
    const int64_t p = g->rule == GV_PROBABILITY_NONE ? 0 : NUMBER_BYTES;
    if (edges)
        plan_text(s, plan, gv_graph_bytes(g, parts), g->n_edges, 2 * id + p);
    else
        plan_text(s, plan, gv_graph_bytes(g, parts), g->n_nodes,
                  id + NUMBER_BYTES * g->n_attributes);
}

/* Rows of the first array below `group`, by its longest dimension. */
static int64_t rows_below(const gv_file *f, const char *group)
{
    int64_t most = 0;
    const gv_file_entry *e;
    for (int64_t i = 0; (e = gv_file_entry_at(f, i)) != NULL; i++)
        for (int d = 0; d < e->rank && strncmp(e->path, group, strlen(group)) == 0; d++)
            most = e->dims[d] > most ? e->dims[d] : most;
    return most;
}

static void plan_results_export(cli_session *s, gv_plan *plan, const gv_file *f, const char *table)
{
    char group[256];
    const bool of_cascade = strncmp(table, "spreads", 7) == 0 ||
                            strncmp(table, "activations", 11) == 0 ||
                            strncmp(table, "marginals", 9) == 0;
    const char *name = strchr(table, '/');
    if (of_cascade)
        snprintf(group, sizeof group, "/cascade/%s/%s", name != NULL ? name + 1 : "default",
                 table[0] == 's'   ? "spread"
                 : table[0] == 'm' ? "seed_"
                                   : "activation");
    else
        snprintf(group, sizeof group, "/%s", table);
    const char *const prefix[] = {group, "/nodes/ext_id", "/topics"};
    plan_text(s, plan, entry_bytes(f, prefix, 3), rows_below(f, group), ROW_BYTES);
}

/* ---- all ------------------------------------------------------------------------------------- */

int cli_plan_look(cli_session *s, gv_plan *plan, const char *path, cli_look look, const char *table)
{
    gv_file *f = NULL;
    gv_error err;
    gv_graph_shape g = {.n_nodes = 0};
    int code = CLI_OK;
    if (gv_file_open(cli_context(s), path, &f, &err) != GV_OK)
        return cli_fail(s, &err);
    const bool graph = gv_file_describe(f).kind == GV_FILE_GRAPH;
    if (graph)
        code = cli_plan_graph(s, path, &g);
    if (code == CLI_OK && look == CLI_LOOK_INFO)
        plan_info(s, plan, path, f, &g);
    else if (code == CLI_OK && look == CLI_LOOK_VERIFY)
        plan_verify(plan, path, f, &g);
    else if (code == CLI_OK && graph)
        plan_graph_export(s, plan, &g, strcmp(table, "edges") == 0);
    else if (code == CLI_OK)
        plan_results_export(s, plan, f, table);
    gv_file_close(f);
    return code;
}
