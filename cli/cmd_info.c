/* cmd_info.c -- grapevine info: what is in a graph, model, truth or results file. */
#include <stdlib.h>
#include <string.h>

#include "cli/info.h"
#include "cli/plan.h"

static void defaults(void *opts)
{
    *(info_opts *)opts = (info_opts){.top = 3};
}

static const cli_option options[] = {
    {.name = "file",
     .type = CLI_PATH,
     .offset = offsetof(info_opts, file),
     .metavar = "FILE.h5",
     .help = "a graph, model, truth or results file, or the sidecar of a graph",
     .positional = true,
     .required = true},
    {.name = "json",
     .type = CLI_FLAG,
     .offset = offsetof(info_opts, json),
     .help = "print one JSON object instead of words"},
    {.name = "topic",
     .type = CLI_TEXT,
     .offset = offsetof(info_opts, topic),
     .metavar = "NAME",
     .help = "only the influencers of this topic [%s]"},
    {.name = "top",
     .type = CLI_INT,
     .offset = offsetof(info_opts, top),
     .metavar = "K",
     .help = "influencers to show for each topic [%s]",
     .min = 0,
     .max = 100000},
    {.name = "truth",
     .type = CLI_PATH,
     .offset = offsetof(info_opts, truth),
     .metavar = "TRUTH.h5",
     .help = "what was planted in a generated population: says how many influencers it confirms "
             "[%s]"},
    {.name = NULL},
};

/* ---- influencers, for both ways -------------------------------------------------------------- */

static int read_topic(info_work *w, info_topic *t)
{
    gv_error err;
    t->best = calloc((size_t)w->o->top + 1, sizeof *t->best);
    if (t->best == NULL)
        return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory");
    if (gv_file_influencers(w->f, t->topic, w->o->top, t->best, &t->n_best, &t->n_flagged, &err) !=
        GV_OK)
        return cli_fail(w->s, &err);
    if (w->truth != NULL && gv_file_check_truth(w->f, w->truth, t->topic, &t->check, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

int info_topics(info_work *w, info_topic **list, int32_t *n)
{
    const int32_t first = w->topic >= 0 ? w->topic : 0;
    const int32_t end = w->topic >= 0 ? w->topic + 1 : w->info.n_topics;
    *n = w->info.has_influencers ? end - first : 0;
    *list = calloc((size_t)*n + 1, sizeof **list);
    if (*list == NULL)
        return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory");
    int code = CLI_OK;
    for (int32_t i = 0; i < *n && code == CLI_OK; i++) {
        (*list)[i].topic = first + i;
        code = read_topic(w, &(*list)[i]);
    }
    return code;
}

void info_topics_free(info_topic *list, int32_t n)
{
    for (int32_t i = 0; list != NULL && i < n; i++)
        free(list[i].best);
    free(list);
}

const char *info_rule_name(gv_probability_rule rule)
{
    static const char *const name[] = {"none", "constant", "weighted-cascade", "stored"};
    return name[rule];
}

/* ---------------------------------------------------------------------------------------------- */

static int find_topic(info_work *w)
{
    w->topic = -1;
    if (w->o->topic == NULL)
        return CLI_OK;
    if (!w->info.has_influencers)
        return cli_fail_text(w->s, CLI_USAGE, "--topic: %s has no influencers by topic",
                             w->o->file);
    w->topic = gv_file_find_topic(w->f, w->o->topic);
    if (w->topic < 0)
        return cli_fail_text(w->s, CLI_USAGE, "--topic: %s has no topic '%s'", w->o->file,
                             w->o->topic);
    return CLI_OK;
}

static int open_truth(info_work *w)
{
    gv_error err;
    if (w->o->truth == NULL)
        return CLI_OK;
    if (!w->info.has_influencers)
        return cli_fail_text(w->s, CLI_USAGE, "--truth: %s has no influencers to compare",
                             w->o->file);
    if (gv_file_open(cli_context(w->s), w->o->truth, &w->truth, &err) != GV_OK)
        return cli_fail(w->s, &err);
    return CLI_OK;
}

static int show(info_work *w)
{
    if (w->o->json)
        return info_json(w);
    switch (w->info.kind) {
    case GV_FILE_GRAPH:
        return info_graph_text(w);
    case GV_FILE_MODEL:
        return info_model_text(w);
    case GV_FILE_TRUTH:
        return info_truth_text(w);
    case GV_FILE_RESULTS:
        return info_results_text(w);
    case GV_FILE_LAYOUT:
        return info_layout_text(w);
    }
    return CLI_OK;
}

/* Hands the words over when all of them are there: a failure prints nothing but its reason. */
static int print(cli_session *s, const char *words, size_t size)
{
    int code = CLI_OK;
    cli_text *text = cli_text_create(s, NULL, &code);
    if (text == NULL)
        return code;
    fwrite(words, 1, size, cli_text_file(text));
    return cli_text_commit(s, text);
}

static int show_and_print(info_work *w)
{
    char *words = NULL;
    size_t size = 0;
    w->to = open_memstream(&words, &size);
    if (w->to == NULL)
        return cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory");
    int code = show(w);
    if (fclose(w->to) != 0 && code == CLI_OK)
        code = cli_fail_text(w->s, CLI_NO_RESOURCES, "out of memory");
    if (code == CLI_OK)
        code = print(w->s, words, size);
    free(words);
    return code;
}

static int run(const void *opts, cli_session *s)
{
    const info_opts *o = opts;
    info_work w = {.s = s, .o = o};
    gv_error err;
    if (gv_file_open(cli_context(s), o->file, &w.f, &err) != GV_OK)
        return cli_fail(s, &err);
    w.info = gv_file_describe(w.f);
    int code = find_topic(&w);
    if (code == CLI_OK)
        code = open_truth(&w);
    if (code == CLI_OK)
        code = show_and_print(&w);
    gv_file_close(w.truth);
    gv_file_close(w.f);
    return code;
}

static int plan_run(const void *opts, cli_session *s, gv_plan *plan)
{
    return cli_plan_look(s, plan, ((const info_opts *)opts)->file, CLI_LOOK_INFO, NULL);
}

const cli_command cmd_info = {
    .name = "info",
    .summary = "what is in a graph, model, truth or results file",
    .description =
        "Says what a file holds: size and degrees of a graph; topics of a model; of results the "
        "arrays, the best influencers of each topic with the number of purchases they are expected "
        "to prompt and their friends in brackets, and the course of cascades.",
    .example = "grapevine info graph.h5",
    .options = options,
    .size = sizeof(info_opts),
    .defaults = defaults,
    .run = run,
    .plan = plan_run,
};
