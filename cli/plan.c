/* plan.c -- see plan.h; and the dry run of one command. */
#include "cli/plan.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* Program, libraries and their own heaps, before any input: measured, x86-64. */
enum { PROGRAM_BYTES = 14 << 20 };

static const double written_a_second = 1e9;

/* ---- inputs ---------------------------------------------------------------------------------- */

bool cli_plan_is_left(const cli_session *s, const char *path)
{
    return s->planned_graph != NULL && strcmp(s->planned_graph, path) == 0;
}

int cli_plan_graph(cli_session *s, const char *path, gv_graph_shape *shape)
{
    gv_error err;
    if (cli_plan_is_left(s, path)) {
        *shape = s->planned_graph_shape;
        return CLI_OK;
    }
    gv_graph *g = NULL;
    if (gv_graph_open(s->ctx, path, &g, &err) != GV_OK)
        return cli_fail(s, &err);
    *shape = gv_graph_shape_of(g);
    gv_graph_free(g);
    return CLI_OK;
}

int cli_plan_model(cli_session *s, const char *path, gv_model_shape *shape)
{
    gv_error err;
    if (s->planned_model != NULL && strcmp(s->planned_model, path) == 0) {
        *shape = s->planned_model_shape;
        return CLI_OK;
    }
    gv_model *m = NULL;
    if (gv_model_open(s->ctx, path, NULL, &m, &err) != GV_OK)
        return cli_fail(s, &err);
    *shape = gv_model_shape_of(m);
    gv_model_free(m);
    return CLI_OK;
}

void cli_plan_leave_graph(cli_session *s, const char *path, const gv_graph_shape *shape)
{
    s->planned_graph = path;
    s->planned_graph_shape = *shape;
}

void cli_plan_leave_model(cli_session *s, const char *path, const gv_model_shape *shape)
{
    s->planned_model = path;
    s->planned_model_shape = *shape;
}

void cli_plan_map_graph(cli_session *s, gv_plan *plan, const char *path,
                        const gv_graph_shape *shape, unsigned uses, unsigned touched)
{
    const unsigned parts = s->common.trust ? touched : gv_graph_parts(uses) | touched;
    const bool same = s->mapped_graph != NULL && strcmp(s->mapped_graph, path) == 0;
    s->mapped_parts = same ? s->mapped_parts | parts : parts;
    s->mapped_graph = path;
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "graph file, mapped",
                 gv_graph_bytes(shape, s->mapped_parts));
}

void cli_plan_map_model(gv_plan *plan, const gv_model_shape *shape)
{
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "model file, mapped", cli_plan_model_pages(shape));
}

int64_t cli_plan_model_pages(const gv_model_shape *shape)
{
    return gv_model_bytes(shape) - 8 * shape->pairs;
}

int64_t cli_plan_count(const char *spec)
{
    int64_t n = 0;
    FILE *from = fopen(spec, "rb");
    if (from == NULL) {
        for (n = 1; *spec != '\0'; spec++)
            n += *spec == ',';
        return n;
    }
    char block[65536];
    for (size_t got; (got = fread(block, 1, sizeof block, from)) > 0;)
        for (size_t i = 0; i < got; i++)
            n += block[i] == '\n';
    fclose(from);
    return n;
}

int64_t cli_plan_id_bytes(cli_session *s, const gv_graph_shape *shape)
{
    const bool there = s->planned_ids;
    s->planned_ids = true;
    return there ? 0 : gv_graph_bytes(shape, GV_PART_IDS);
}

void cli_plan_state(const cli_session *s, gv_plan *plan, int64_t before, int64_t bytes)
{
    if (s->common.checkpoint != NULL)
        gv_plan_use(plan, GV_PLAN_DISK, "states in the checkpoint, old and new", before + bytes);
}

/* ---- outputs --------------------------------------------------------------------------------- */

void cli_plan_write(gv_plan *plan, int64_t bytes)
{
    gv_plan_begin(plan, "write", (double)bytes / written_a_second);
    gv_plan_use(plan, GV_PLAN_OUTPUT, "output file", bytes);
}

/* Bytes that are free where `path`, a file or folder that may not be there yet, would be; -1 when
 * that cannot be said. */
static int64_t free_bytes(const char *path)
{
    struct statvfs disk;
    char *copy = strdup(path);
    const bool known =
        copy != NULL && (statvfs(path, &disk) == 0 || statvfs(dirname(copy), &disk) == 0);
    free(copy);
    return known ? (int64_t)disk.f_bavail * (int64_t)disk.f_frsize : -1;
}

static int refuse_disk(const cli_session *s, const char *path, int64_t bytes)
{
    char needed[32], have[32];
    const int64_t left = free_bytes(path);
    if (left < 0 || bytes <= left)
        return CLI_OK;
    return cli_fail_text(s, CLI_NO_FIT,
                         "the plan does not fit: %s: %s bytes are needed there, %s are free", path,
                         cli_thousands(bytes, needed), cli_thousands(left, have));
}

/* Outputs, and temporary data beside them unless --tmpdir puts these elsewhere. */
static int check_disk(const cli_session *s, const cli_command *command, const void *opts,
                      const gv_plan *plan)
{
    const gv_plan_sums sums = gv_plan_sum(plan);
    const char *output = NULL, *tmpdir = NULL;
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        const void *value = (const char *)opts + o->offset;
        if (strcmp(o->name, "tmpdir") == 0)
            memcpy(&tmpdir, value, sizeof tmpdir);
        else if (o->type == CLI_OUTPUT && output == NULL)
            memcpy(&output, value, sizeof output);
    }
    int code = CLI_OK;
    if (tmpdir != NULL)
        code = refuse_disk(s, tmpdir, sums.disk);
    if (code == CLI_OK && output != NULL && strcmp(output, "-") != 0)
        code = refuse_disk(s, output, tmpdir == NULL ? sums.space : sums.output);
    return code;
}

int cli_session_plan(cli_session *s, const cli_command *command, const void *opts)
{
    gv_error err;
    gv_plan *plan = NULL;
    if (command->plan == NULL)
        return cli_fail_text(s, CLI_USAGE, "--dry-run: this command cannot be planned");
    if (command == &cmd_run) /* plans its stages one by one */
        return command->plan(opts, s, NULL);
    if (gv_plan_create(s->ctx, &plan, &err) != GV_OK)
        return cli_fail(s, &err);
    gv_plan_begin(plan, "start", 0.0);
    gv_plan_hold(plan, GV_PLAN_RESIDENT, "program and libraries", PROGRAM_BYTES);
    int code = command->plan(opts, s, plan);
    if (code == CLI_OK && gv_plan_check(plan, &err) != GV_OK)
        code = cli_fail(s, &err);
    if (code == CLI_OK)
        code = cli_plan_print(s, plan);
    if (code == CLI_OK)
        code = check_disk(s, command, opts, plan);
    gv_plan_free(plan);
    return code;
}
