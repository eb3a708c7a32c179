/* generate_kron.c -- grapevine generate kron. */
#include <unistd.h>

#include "cli/generate.h"
#include "cli/session.h"

static gv_kron_opts kron_opts(const generate_opts *o, const cli_session *s)
{
    return (gv_kron_opts){.scale = (int32_t)o->scale,
                          .edge_factor = o->edge_factor,
                          .undirected = o->undirected,
                          .seed = cli_seed(s)};
}

static int write_graph(const generate_opts *o, cli_session *s, const gv_edge_stream *stream)
{
    gv_error err;
    gv_build_info info;
    char loops[32], repeats[32];
    if (gv_edges_write_graph(cli_context(s), stream, o->output, o->tmpdir, cli_force(s), &info,
                             &err) != GV_OK)
        return cli_fail(s, &err);
    cli_say(s, "%s loops and %s repeated edges dropped", cli_thousands(info.self_loops, loops),
            cli_thousands(info.duplicates, repeats));
    return CLI_OK;
}

static int write_text(const generate_opts *o, cli_session *s, const gv_edge_stream *stream)
{
    gv_error err;
    if (gv_edges_write_text(cli_context(s), stream, o->output, cli_force(s), &err) != GV_OK)
        return cli_fail(s, &err);
    return CLI_OK;
}

int generate_kron(const generate_opts *o, cli_session *s)
{
    gv_error err;
    gv_edge_stream *stream = NULL;
    const gv_kron_opts k = kron_opts(o, s);
    const double started = cli_seconds();
    if (o->format == GENERATE_TSV && (o->undirected || o->tmpdir != NULL))
        return cli_fail_text(s, CLI_USAGE, "--%s is for --format h5; text holds each edge once",
                             o->undirected ? "undirected" : "tmpdir");
    if (!cli_force(s) && access(o->output, F_OK) == 0)
        return cli_fail_text(s, CLI_CANNOT_CREATE, "%s exists; --force overwrites it", o->output);
    cli_guard_output(o->output);
    if (gv_kron_open(cli_context(s), &k, &stream, &err) != GV_OK)
        return cli_fail(s, &err);
    const int code =
        o->format == GENERATE_TSV ? write_text(o, s, stream) : write_graph(o, s, stream);
    if (code == CLI_OK)
        cli_stage_done(s, "generate", started, (double)gv_edge_stream_edges(stream), "edges");
    gv_edge_stream_free(stream);
    return code;
}

void plan_kron(const generate_opts *o, cli_session *s, gv_plan *plan)
{
    const gv_kron_opts k = kron_opts(o, s);
    gv_kron_plan(plan, &k, o->format == GENERATE_TSV, gv_context_threads(cli_context(s)),
                 s->budget);
}
