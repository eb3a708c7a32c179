/* cmd_merge.c -- grapevine merge: cascades over ranges of worlds joined into the results of one
 * run, byte by byte.
 *
 * All that a cascade writes are sums over worlds, arrays of worlds, and what follows from them; it
 * is written by the calls that the run makes, in their order. */
#include "cli/merge_work.h"

static const cli_option options[] = {
    {.name = "part",
     .type = CLI_PATHS,
     .offset = offsetof(merge_opts, parts),
     .metavar = "PART.h5",
     .help = "results of grapevine cascade --sim-range, in any order; together they have every "
             "world of a range once",
     .positional = true,
     .required = true},
    {.name = "output",
     .letter = 'o',
     .type = CLI_OUTPUT,
     .offset = offsetof(merge_opts, output),
     .metavar = "OUT.h5",
     .help = "results file to write",
     .required = true},
    {.name = NULL},
};

static gv_status write_cascade(const merge_run *m, const gv_cascade_result *r, gv_results *out,
                               gv_error *err)
{
    char group[96], path[128];
    const gv_cascade_part *p = &m->part[0];
    snprintf(group, sizeof group, "/cascade/%s", p->name);
    snprintf(path, sizeof path, "%s/seed_ext_id", group);
#define IF_ANY(text) ((text)[0] != '\0' ? (text) : NULL)
    const cascade_record record = {.group = group,
                                   .r = r,
                                   .blocked = p->blocked,
                                   .n_blocked = p->n_blocked,
                                   .n_nodes = m->file[0].origin.n_nodes,
                                   .probability = p->probability,
                                   .probability_hash = IF_ANY(p->probability_hash),
                                   .topic = IF_ANY(p->topic),
                                   .mix = IF_ANY(p->mix),
                                   .weights = IF_ANY(p->weights),
                                   .max_steps = p->max_steps};
#undef IF_ANY
    gv_status st = cascade_record_arrays(&record, out, err);
    if (st == GV_OK)
        st = gv_results_copy(out, m->file[0].f, path, err);
    return st == GV_OK ? cascade_record_attributes(&record, out, err) : st;
}

static int join_all(merge_run *m, gv_results *out)
{
    gv_error err;
    int code = CLI_OK;
    for (int64_t i = 0; code == CLI_OK && i < m->n_cascades; i++) {
        gv_cascade_result *r = NULL;
        code = merge_take_cascade(m, m->order[i]);
        if (code != CLI_OK)
            break;
        gv_status st =
            gv_cascade_join(cli_context(m->s), m->joint, m->n, m->file[0].origin.n_nodes, &r, &err);
        if (st == GV_OK)
            st = write_cascade(m, r, out, &err);
        if (st == GV_OK)
            cli_say(m->s, "%s: worlds %" PRId64 " to %" PRId64 ", mean %.6g (standard error %.3g)",
                    m->part[0].name, r->first_world, r->first_world + r->n_worlds - 1, r->mean,
                    r->stderr_mean);
        gv_cascade_free(r);
        code = st == GV_OK ? CLI_OK : cli_fail(m->s, &err);
    }
    return code;
}

/* What the cascades share, and the options as those of one run. */
static int finish(merge_run *m, gv_results **out)
{
    gv_error err;
    char *yaml = merge_options(m->file[0].yaml, m->first_world, m->n_worlds);
    if (yaml == NULL)
        return cli_fail_text(m->s, CLI_NO_RESOURCES, "out of memory");
    gv_status st = gv_results_put_nodes_from(*out, m->file[0].f, &err);
    if (st == GV_OK)
        st = gv_results_provenance(*out, yaml, &err);
    free(yaml);
    if (st == GV_OK)
        st = gv_results_commit(out, &err);
    return st == GV_OK ? CLI_OK : cli_fail(m->s, &err);
}

static int run_all(merge_run *m)
{
    gv_error err;
    gv_results *out = NULL;
    const double started = cli_seconds();
    int code = merge_open(m);
    if (code == CLI_OK) /* refused before anything is written */
        code = merge_take_cascade(m, m->order[0]);
    if (code != CLI_OK)
        return code;
    if (gv_results_create_from(cli_context(m->s), m->o->output, cli_force(m->s), m->file[0].f, &out,
                               &err) != GV_OK)
        return cli_fail(m->s, &err);
    code = join_all(m, out);
    if (code == CLI_OK)
        code = finish(m, &out);
    gv_results_discard(out);
    if (code == CLI_OK) {
        cli_stage_done(m->s, "merge", started, (double)(m->n_worlds * m->n_cascades), "worlds");
        cli_say(m->s, "wrote %s", m->o->output);
    }
    return code;
}

static int run(const void *opts, cli_session *s)
{
    merge_run m = {.s = s, .o = opts};
    const int code = run_all(&m);
    merge_close(&m);
    return code;
}

/* ---- plan ------------------------------------------------------------------------------------ */

static const double read_a_second = 1e9;

/* Bytes of the arrays below a group, and of all arrays. */
static int64_t bytes_below(const gv_file *f, const char *group)
{
    int64_t bytes = 0;
    const gv_file_entry *e;
    for (int64_t i = 0; (e = gv_file_entry_at(f, i)) != NULL; i++)
        if (strncmp(e->path, group, strlen(group)) == 0)
            bytes += e->bytes;
    return bytes;
}

/* One cascade is held at a time: what the joined one has, and the worlds twice to rank them. */
static void plan_cascade(const merge_run *m, gv_plan *plan)
{
    int64_t mapped = 0, wide = 0;
    const gv_cascade_result *r = &m->part[0].result;
    for (int64_t i = 0; i < m->n; i++)
        mapped += bytes_below(m->file[i].f, "/cascade") / m->n_cascades;
    wide += r->activation_count != NULL ? 4 * m->file[0].origin.n_nodes : 0;
    wide += r->activation_step_sum != NULL ? 8 * m->file[0].origin.n_nodes : 0;
    gv_plan_begin(plan, "join", (double)mapped / read_a_second);
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "arrays of a cascade in all parts, mapped", mapped);
    gv_plan_use(plan, GV_PLAN_MEMORY, "counts of consumers", wide);
    gv_plan_use(plan, GV_PLAN_MEMORY, "worlds",
                (r->value != NULL ? 32 : 24) * m->n_worlds + 36 * r->n_seeds);
}

static int64_t output_bytes(const merge_run *m)
{
    const gv_file *f = m->file[0].f;
    const gv_cascade_result *r = &m->part[0].result;
    const int64_t more = m->n_worlds - r->n_worlds;
    return bytes_below(f, "/") + more * (r->value != NULL ? 16 : 8) * m->n_cascades;
}

/* Looks at the parts as the run does, but for the checksums. */
static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    merge_run m = {.s = s, .o = opts};
    const bool trust = s->common.trust;
    s->common.trust = true;
    int code = merge_open(&m);
    s->common.trust = trust;
    if (code == CLI_OK)
        code = merge_take_cascade(&m, m.order[0]);
    if (code == CLI_OK) {
        int64_t largest = 0, all = 0;
        for (int64_t i = 0; i < m.n; i++) {
            const int64_t bytes = gv_file_describe(m.file[i].f).bytes;
            largest = bytes > largest ? bytes : largest;
            all += bytes;
        }
        if (!trust) {
            gv_plan_begin(plan, "checksums", (double)all / read_a_second);
            gv_plan_use(plan, GV_PLAN_RESIDENT, "a part, mapped", largest);
        }
        plan_cascade(&m, plan);
        cli_plan_write(plan, output_bytes(&m));
    }
    merge_close(&m);
    return code;
}

const cli_command cmd_merge = {
    .name = "merge",
    .summary = "join the parts of a job array",
    .description =
        "Joins the results of grapevine cascade --sim-range into the file that one run over all "
        "worlds would have written, to the byte. Parts must agree in graph, seeds, probabilities, "
        "options and version, and their worlds must follow each other without a gap; else it says "
        "which part does not fit, and leaves with 65. Each part is verified first, unless --trust.",
    .example = "grapevine cascade graph.h5 --seeds 17,42 --probability wc --sim-range 1024:2048 "
               "-o more.h5 && grapevine merge cascade.h5 more.h5 -o both.h5",
    .options = options,
    .size = sizeof(merge_opts),
    .run = run,
    .plan = plan_run,
};
