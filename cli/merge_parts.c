/* merge_parts.c -- opening the parts of `grapevine merge`, and refusing what does not belong
 * together. See merge_work.h. */
#include "cli/merge_work.h"

static int no_memory(const merge_run *m)
{
    return cli_fail_text(m->s, CLI_NO_RESOURCES, "out of memory");
}

/* ---- one file -------------------------------------------------------------------------------- */

/* Parts hold cascades and what goes with them, nothing else that would be lost. */
static int check_content(const merge_run *m, const merge_file *p)
{
    static const char *const known[] = {"/cascade/", "/nodes/", "/topics/", "/provenance/"};
    const gv_file_info info = gv_file_describe(p->f);
    const gv_file_entry *e;
    if (info.kind != GV_FILE_RESULTS || info.n_cascades < 1)
        return cli_fail_text(m->s, CLI_BAD_DATA, "%s: is a %s file%s, not the results of a cascade",
                             p->path, info.kind_name,
                             info.kind == GV_FILE_RESULTS ? " without /cascade" : "");
    for (int64_t i = 0; (e = gv_file_entry_at(p->f, i)) != NULL; i++) {
        size_t k = 0;
        while (k < sizeof known / sizeof *known &&
               strncmp(e->path, known[k], strlen(known[k])) != 0)
            k++;
        if (k == sizeof known / sizeof *known)
            return cli_fail_text(m->s, CLI_BAD_DATA,
                                 "%s: holds %s, which is no part of a cascade and would be lost",
                                 p->path, e->path);
    }
    return CLI_OK;
}

static int open_file(merge_run *m, merge_file *p)
{
    gv_error err;
    gv_context *ctx = cli_context(m->s);
    gv_status st = cli_trust(m->s) ? GV_OK : gv_file_verify(ctx, p->path, NULL, NULL, &err);
    if (st == GV_OK)
        st = gv_file_open(ctx, p->path, &p->f, &err);
    if (st != GV_OK)
        return cli_fail(m->s, &err);
    const int code = check_content(m, p);
    if (code != CLI_OK)
        return code;
    st = gv_file_read_origin(p->f, &p->origin, &err);
    if (st == GV_OK)
        st = gv_file_provenance(ctx, p->f, &p->yaml, &err);
    return st == GV_OK ? CLI_OK : cli_fail(m->s, &err);
}

/* ---- against the first ----------------------------------------------------------------------- */

static int differs(const merge_run *m, const merge_file *p, const char *what, const char *have,
                   const char *first)
{
    return cli_fail_text(m->s, CLI_BAD_DATA, "%s: %s is %s, not %s as in %s", p->path, what, have,
                         first, m->file[0].path);
}

static int compare_numbers(const merge_run *m, const merge_file *p, const char *what, int64_t have,
                           int64_t first)
{
    char a[32], b[32];
    if (have == first)
        return CLI_OK;
    snprintf(a, sizeof a, "%" PRId64, have);
    snprintf(b, sizeof b, "%" PRId64, first);
    return differs(m, p, what, a, b);
}

static int compare_origin(const merge_run *m, const merge_file *p)
{
    const gv_file_origin *a = &p->origin, *b = &m->file[0].origin;
    const struct {
        const char *what, *have, *first;
    } texts[] = {{"/@graph_hash", a->graph_hash, b->graph_hash},
                 {"/@log_hash", a->log_hash, b->log_hash},
                 {"/@engine_version", a->engine_version, b->engine_version},
                 {"/@git_commit", a->git_commit, b->git_commit},
                 {"/@rng", a->rng, b->rng}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].have, texts[i].first) != 0)
            return differs(m, p, texts[i].what, texts[i].have, texts[i].first);
    int code = compare_numbers(m, p, "/@seed", a->seed, b->seed);
    if (code == CLI_OK)
        code = compare_numbers(m, p, "/@n_nodes", a->n_nodes, b->n_nodes);
    if (code == CLI_OK)
        code = compare_numbers(m, p, "/@n_edges", a->n_edges, b->n_edges);
    if (code == CLI_OK)
        code = compare_numbers(m, p, "the number of cascades", gv_file_describe(p->f).n_cascades,
                               gv_file_describe(m->file[0].f).n_cascades);
    return code;
}

static int compare_topics(const merge_run *m, const merge_file *p)
{
    const char *a, *b;
    for (int32_t z = 0;; z++) {
        a = gv_file_topic(p->f, z), b = gv_file_topic(m->file[0].f, z);
        if (a == NULL && b == NULL)
            return CLI_OK;
        if (a == NULL || b == NULL || strcmp(a, b) != 0)
            return differs(m, p, "a topic", a != NULL ? a : "missing", b != NULL ? b : "missing");
    }
}

/* The first lines that differ, without the blanks before them. */
static int compare_options(const merge_run *m, const merge_file *p)
{
    char *have = merge_options(p->yaml, 0, 0), *first = merge_options(m->file[0].yaml, 0, 0);
    int code = CLI_OK;
    if (have == NULL || first == NULL) {
        code = cli_fail_text(m->s, CLI_BAD_DATA,
                             "%s: /provenance/config_yaml does not say how many worlds there are",
                             have == NULL ? p->path : m->file[0].path);
    } else if (strcmp(have, first) != 0) {
        const char *a = have, *b = first;
        for (const char *x = have, *y = first; *x == *y; x++, y++)
            if (*x == '\n')
                a = x + 1, b = y + 1;
        a += strspn(a, " "), b += strspn(b, " ");
        const int n = (int)strcspn(a, "\n"), k = (int)strcspn(b, "\n");
        code = cli_fail_text(m->s, CLI_BAD_DATA, "%s: was made with '%.*s', not '%.*s' as %s",
                             p->path, n, a, k, b, m->file[0].path);
    }
    free(have);
    free(first);
    return code;
}

int merge_open(merge_run *m)
{
    gv_error err;
    char name[64];
    m->n = m->o->parts.n;
    m->file = calloc((size_t)m->n, sizeof *m->file);
    m->part = calloc((size_t)m->n, sizeof *m->part);
    m->joint = calloc((size_t)m->n, sizeof *m->joint);
    if (m->file == NULL || m->part == NULL || m->joint == NULL)
        return no_memory(m);
    int code = CLI_OK;
    for (int64_t i = 0; code == CLI_OK && i < m->n; i++) {
        m->file[i].path = m->o->parts.item[i];
        code = open_file(m, &m->file[i]);
        if (code == CLI_OK)
            code = compare_origin(m, &m->file[i]);
        if (code == CLI_OK)
            code = compare_topics(m, &m->file[i]);
        if (code == CLI_OK)
            code = compare_options(m, &m->file[i]);
    }
    if (code != CLI_OK)
        return code;
    m->n_cascades = gv_file_describe(m->file[0].f).n_cascades;
    m->order = calloc((size_t)m->n_cascades, sizeof *m->order);
    if (m->order == NULL)
        return no_memory(m);
    if (!merge_find_name(m->file[0].yaml, name, sizeof name))
        return cli_fail_text(m->s, CLI_BAD_DATA,
                             "%s: /provenance/config_yaml does not name the cascade",
                             m->file[0].path);
    return gv_file_cascade_order(m->file[0].f, name, m->order, &err) == GV_OK
               ? CLI_OK
               : cli_fail(m->s, &err);
}

void merge_close(merge_run *m)
{
    for (int64_t i = 0; m->file != NULL && i < m->n; i++) {
        gv_context_release(cli_context(m->s), m->file[i].yaml);
        gv_file_close(m->file[i].f);
    }
    free(m->order);
    free(m->joint);
    free(m->part);
    free(m->file);
}

/* ---- one cascade ----------------------------------------------------------------------------- */

static bool same_array(const void *a, int64_t n, const void *b, int64_t k, size_t size)
{
    return (a == NULL) == (b == NULL) && n == k &&
           (a == NULL || memcmp(a, b, (size_t)n * size) == 0);
}

/* Arrays that are the same in all parts. */
static int compare_arrays(const merge_run *m, int64_t i)
{
    const gv_cascade_part *p = &m->part[i], *q = &m->part[0];
    const gv_cascade_result *a = &p->result, *b = &q->result;
    const char *what =
        !same_array(a->seeds, a->n_seeds, b->seeds, b->n_seeds, sizeof *a->seeds) ? "seeds"
        : !same_array(a->acceptance, a->n_seeds, b->acceptance, b->n_seeds, sizeof *a->acceptance)
            ? "acceptance"
        : !same_array(p->blocked, p->n_blocked, q->blocked, q->n_blocked, sizeof *p->blocked)
            ? "blocked"
            : NULL;
    return what == NULL
               ? CLI_OK
               : cli_fail_text(m->s, CLI_BAD_DATA, "%s: /cascade/%s/%s: is not the same as in %s",
                               m->file[i].path, p->name, what, m->file[0].path);
}

static int compare_texts(const merge_run *m, int64_t i)
{
    char what[128];
    const gv_cascade_part *a = &m->part[i], *b = &m->part[0];
    const struct {
        const char *name, *have, *first;
    } texts[] = {{"model", a->model, b->model},
                 {"rng", a->rng, b->rng},
                 {"probability", a->probability, b->probability},
                 {"probability_hash", a->probability_hash, b->probability_hash},
                 {"topic", a->topic, b->topic},
                 {"mix", a->mix, b->mix},
                 {"weights", a->weights, b->weights}};
    if (strcmp(a->name, b->name) != 0)
        return differs(m, &m->file[i], "the name of a cascade", a->name, b->name);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        snprintf(what, sizeof what, "/cascade/%s/@%s", a->name, texts[k].name);
        if (strcmp(texts[k].have, texts[k].first) != 0)
            return differs(m, &m->file[i], what,
                           texts[k].have[0] != '\0' ? texts[k].have : "missing",
                           texts[k].first[0] != '\0' ? texts[k].first : "missing");
    }
    snprintf(what, sizeof what, "/cascade/%s/@max_steps", a->name);
    int code = compare_numbers(m, &m->file[i], what, a->max_steps, b->max_steps);
    snprintf(what, sizeof what, "/cascade/%s/@weight_scale", a->name);
    if (code == CLI_OK)
        code =
            compare_numbers(m, &m->file[i], what, a->result.weight_scale, b->result.weight_scale);
    return code;
}

/* What @rng and @model stand for. */
static int name_kernel(const merge_run *m, int64_t i)
{
    gv_cascade_part *p = &m->part[i];
    for (int d = GV_DIFFUSION_CASCADE; d <= GV_DIFFUSION_THRESHOLD; d++)
        for (int k = GV_CASCADE_PLAIN; k <= GV_CASCADE_SLICED; k++) {
            const char *rng = gv_cascade_rng((gv_cascade_kernel)k, (gv_diffusion)d);
            if (rng != NULL && strcmp(rng, p->rng) == 0) {
                p->result.kernel = (gv_cascade_kernel)k;
                p->result.diffusion = (gv_diffusion)d;
                return CLI_OK;
            }
        }
    return cli_fail_text(m->s, CLI_BAD_DATA,
                         "%s: /cascade/%s/@rng: '%s' is not known to this version", m->file[i].path,
                         p->name, p->rng);
}

static const gv_cascade_part *sorted_parts; /* qsort has no argument for it */

static int by_world(const void *a, const void *b)
{
    const int64_t i = *(const int64_t *)a, k = *(const int64_t *)b;
    const int64_t x = sorted_parts[i].result.first_world, y = sorted_parts[k].result.first_world;
    return x != y ? (x < y ? -1 : 1) : (i > k) - (i < k);
}

/* Each part begins where the one before it ends. */
static int check_ranges(merge_run *m)
{
    int code = CLI_OK;
    int64_t *at = calloc((size_t)m->n, sizeof *at);
    if (at == NULL)
        return no_memory(m);
    for (int64_t i = 0; i < m->n; i++)
        at[i] = i;
    sorted_parts = m->part;
    qsort(at, (size_t)m->n, sizeof *at, by_world);
    m->first_world = m->part[at[0]].result.first_world;
    int64_t next = m->first_world;
    for (int64_t i = 0; code == CLI_OK && i < m->n; i++) {
        const gv_cascade_result *r = &m->part[at[i]].result;
        const char *here = m->file[at[i]].path, *before = i > 0 ? m->file[at[i - 1]].path : "";
        if (r->first_world > next)
            code = cli_fail_text(m->s, CLI_BAD_DATA,
                                 "%s: begins with world %" PRId64 ", but %s ends with %" PRId64
                                 ": the worlds between are in no part",
                                 here, r->first_world, before, next - 1);
        else if (r->first_world < next)
            code = cli_fail_text(m->s, CLI_BAD_DATA,
                                 "%s: begins with world %" PRId64 ", but %s ends with %" PRId64
                                 ": worlds may be in one part only",
                                 here, r->first_world, before, next - 1);
        next = r->first_world + r->n_worlds;
    }
    m->n_worlds = next - m->first_world;
    free(at);
    if (code == CLI_OK && m->n_worlds > INT32_MAX)
        code = cli_fail_text(m->s, CLI_BAD_DATA,
                             "the parts have %" PRId64 " worlds, more than 2^31 - 1", m->n_worlds);
    return code;
}

int merge_take_cascade(merge_run *m, int64_t cascade)
{
    gv_error err;
    int code = CLI_OK;
    for (int64_t i = 0; code == CLI_OK && i < m->n; i++) {
        if (gv_file_cascade_part(m->file[i].f, cascade, &m->part[i], &err) != GV_OK)
            return cli_fail(m->s, &err);
        if (m->part[i].to_target)
            return cli_fail_text(m->s, CLI_BAD_DATA,
                                 "%s: /cascade/%s: was simulated to a standard error (--stderr), "
                                 "not for a range of worlds",
                                 m->file[i].path, m->part[i].name);
        code = compare_texts(m, i);
        if (code == CLI_OK)
            code = compare_arrays(m, i);
        if (code == CLI_OK)
            code = name_kernel(m, i);
        m->joint[i] = &m->part[i].result;
    }
    return code == CLI_OK ? check_ranges(m) : code;
}
