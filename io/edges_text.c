/* edges_text.c -- a stream of edges as text. Edges are made in runs, so that a run costs one call.
 */
#include "engine/edge_stream.h"
#include "grapevine/io.h"
#include "io/text_write.h"

enum { RUN = 4, ROW_ROOM = RUN * 42 };

/* A "row" of the text writer is a run of edges. */
static char *format_run(const void *arg, int64_t run, char *to)
{
    const gv_edge_stream *s = arg;
    int64_t src[RUN], dst[RUN];
    const int64_t first = run * RUN, left = s->n_edges - first, n = left < RUN ? left : RUN;
    s->fill(s, first, n, src, dst);
    for (int64_t i = 0; i < n; i++) {
        to = gv_format_int(src[i], to);
        *to++ = '\t';
        to = gv_format_int(dst[i], to);
        *to++ = '\n';
    }
    return to;
}

GV_API gv_status gv_edges_write_text(gv_context *ctx, const gv_edge_stream *stream,
                                     const char *path, bool overwrite, gv_error *err)
{
    gv_text_file t;
    gv_status st = gv_text_begin(ctx, path, overwrite, "", ROW_ROOM, &t, err);
    if (st != GV_OK)
        return st;
    st = gv_text_rows(&t, (stream->n_edges + RUN - 1) / RUN, format_run, stream, "edges", RUN, err);
    if (st == GV_OK)
        return gv_text_commit(&t, err);
    gv_text_discard(&t);
    return st;
}
